internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// One connection to the daemon, usable from any thread. ``ConnectionStateMachine`` decides what it does, on its event loop;
/// this passes orders to that event loop.
final class Connection: Sendable {
    /// What the pool and callers tell the connection to do.
    enum Order: Sendable {
        case connect(within: Duration)
        case submitted(Submission)
        case cancelled(callID: UInt64)
        case drain
        case shutDown
    }

    let id: PooledConnection.ID
    private let eventLoop: any EventLoop
    private let handler: NIOLoopBoundBox<ConnectionHandler?>
    /// Orders that the event loop has not taken yet. The loop is woken once for all orders that are added until then.
    private let orders = Mutex<[Order]>([])

    init(
        id: PooledConnection.ID,
        address: FirnAddress,
        configuration: FirnClientConfiguration,
        eventLoop: any EventLoop,
        pool: ConnectionPool
    ) {
        self.id = id
        self.eventLoop = eventLoop
        handler = .makeEmptyBox(valueType: ConnectionHandler.self, eventLoop: eventLoop)
        let logger = pool.logger
        eventLoop.execute { [self, weak pool] in
            handler.value = ConnectionHandler(
                stateMachine: ConnectionStateMachine(address: address, configuration: configuration),
                connection: self,
                pool: pool,
                eventLoop: eventLoop,
                logger: logger
            )
        }
    }

    /// Adds an order, which is carried out after those before it.
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
