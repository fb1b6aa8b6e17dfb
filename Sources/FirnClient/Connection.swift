internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One connection to the daemon, usable from any thread. What it does is decided on its event loop, by
/// ``ConnectionStateMachine``; here is the way there.
final class Connection: Sendable {
    /// What callers want of the connection.
    enum Order: Sendable {
        case connect
        case submitted(Call, isRetry: Bool)
        case cancelled(callID: UInt64)
        case shutDown
    }

    private let eventLoop: any EventLoop
    private let handler: NIOLoopBoundBox<ConnectionHandler?>
    /// Orders that the event loop has not taken yet. The loop is woken once for all that come until then.
    private let orders = Mutex<[Order]>([])

    init(address: FirnAddress, configuration: FirnClientConfiguration, eventLoop: any EventLoop, core: ClientCore) {
        self.eventLoop = eventLoop
        handler = .makeEmptyBox(valueType: ConnectionHandler.self, eventLoop: eventLoop)
        let logger = core.logger
        eventLoop.execute { [self, weak core] in
            handler.value = ConnectionHandler(
                stateMachine: ConnectionStateMachine(address: address, configuration: configuration),
                connection: self,
                core: core,
                eventLoop: eventLoop,
                logger: logger
            )
        }
    }

    /// Has an order carried out, after those that came before it.
    func enqueue(_ order: Order) {
        let isFirst = orders.withLock { orders in
            orders.append(order)
            return orders.count == 1
        }
        guard isFirst else { return }
        eventLoop.execute { self.carryOutOrders() }
    }

    private func carryOutOrders() {
        let taken = orders.withLock { orders in
            let taken = orders
            orders.removeAll()
            return taken
        }
        handler.value?.carryOut(taken)
    }
}
