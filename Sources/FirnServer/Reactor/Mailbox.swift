internal import FirnWindows
internal import Synchronization

/// What other threads pass to a reactor, and the wake-up for it.
final class Mailbox: StoreListener {
    struct Contents {
        var sockets: [AcceptedSocket] = []
        var drains = false
        var storeAnswers: [StoreAnswer] = []
        var listenersChanged = false
    }

    private let contents = Mutex(Contents())
    /// Connections that the reactor has or is about to get. A reactor is chosen by this number.
    let connectionCount = Atomic<Int>(0)
    /// Signaled while the mailbox is not empty.
    let wakeup: Wakeup
    /// Answered when the mailbox is emptied.
    let heartbeat = Heartbeat()

    init() throws(ListenError) {
        wakeup = try Wakeup()
    }

    /// Passes a new connection to the reactor.
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

    /// Tells the reactor that the store has answered something that its requests wait for. There is at most one such
    /// answer for each sequence and each reply.
    func storeAnswered(_ answer: StoreAnswer) {
        contents.withLock { $0.storeAnswers.append(answer) }
        wakeup.signal()
    }

    /// Tells the reactor that accepts that sockets were bound again.
    func listenersChanged() {
        contents.withLock { $0.listenersChanged = true }
        wakeup.signal()
    }

    /// Requests a heartbeat from the reactor.
    func requestHeartbeat() {
        heartbeat.request()
        wakeup.signal()
    }

    /// Returns the contents and empties the mailbox.
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

/// A connection that is passed from the listener to the reactor that will serve it.
struct AcceptedSocket: Sendable {
    let descriptor: Int32
    /// The peer's user on a Unix socket; `nil` on TCP.
    let user: UInt32?
}
