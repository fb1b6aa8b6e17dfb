internal import Synchronization

/// What other threads say to a reactor, and what wakes it.
final class Mailbox: StoreListener {
    struct Contents {
        var sockets: [AcceptedSocket] = []
        var drains = false
        var storeAnswers: [StoreAnswer] = []
        var listenersChanged = false
    }

    private let contents = Mutex(Contents())
    /// Connections that the reactor has, or is about to: what listeners choose by.
    let connectionCount = Atomic<Int>(0)
    /// Signaled while something is in the box.
    let wakeup: Wakeup
    /// Answered when the box is emptied.
    let heartbeat = Heartbeat()

    init() throws(ListenError) {
        wakeup = try Wakeup()
    }

    /// Hands a new connection over.
    func hand(_ socket: AcceptedSocket) {
        connectionCount.wrappingAdd(1, ordering: .relaxed)
        contents.withLock { $0.sockets.append(socket) }
        wakeup.signal()
    }

    /// Tells the reactor to finish its connections and end.
    func drain() {
        contents.withLock { $0.drains = true }
        wakeup.signal()
    }

    /// Tells the reactor that the store has answered something that its requests wait for. There is one such answer for each
    /// sequence and each reply at most.
    func storeAnswered(_ answer: StoreAnswer) {
        contents.withLock { $0.storeAnswers.append(answer) }
        wakeup.signal()
    }

    /// Tells the reactor that accepts that sockets were bound anew.
    func listenersChanged() {
        contents.withLock { $0.listenersChanged = true }
        wakeup.signal()
    }

    /// Asks the reactor for a sign of life.
    func requestHeartbeat() {
        heartbeat.request()
        wakeup.signal()
    }

    /// Takes what is in the box.
    func empty() -> Contents {
        wakeup.clear()
        heartbeat.beat()
        return contents.withLock { contents in
            defer {
                contents.sockets.removeAll()
                contents.storeAnswers.removeAll()
                contents.listenersChanged = false
            }
            return contents
        }
    }
}

/// A connection on its way from the listener to the reactor that will serve it.
struct AcceptedSocket: Sendable {
    let descriptor: Int32
    /// The peer's user on a Unix socket; `nil` on TCP.
    let user: UInt32?
}
