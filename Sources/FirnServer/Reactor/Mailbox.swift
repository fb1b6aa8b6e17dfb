internal import Synchronization

/// What other threads say to a reactor, and the bell that wakes it.
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
    /// Rung while something is in the box.
    let bell: Bell
    /// Answered when the box is emptied.
    let pulse = Pulse()

    init() throws(ListenError) {
        bell = try Bell()
    }

    /// Hands a new connection over.
    func hand(_ socket: AcceptedSocket) {
        connectionCount.wrappingAdd(1, ordering: .relaxed)
        contents.withLock { $0.sockets.append(socket) }
        bell.ring()
    }

    /// Tells the reactor to finish its connections and end.
    func drain() {
        contents.withLock { $0.drains = true }
        bell.ring()
    }

    /// Tells the reactor that the store has answered something that its requests wait for. There is one such answer for each
    /// sequence and each reply at most.
    func storeAnswered(_ answer: StoreAnswer) {
        contents.withLock { $0.storeAnswers.append(answer) }
        bell.ring()
    }

    /// Tells the reactor that accepts that sockets were bound anew.
    func listenersChanged() {
        contents.withLock { $0.listenersChanged = true }
        bell.ring()
    }

    /// Asks the reactor for a sign of life.
    func askForPulse() {
        pulse.ask()
        bell.ring()
    }

    /// Takes what is in the box.
    func empty() -> Contents {
        bell.silence()
        pulse.beat()
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
