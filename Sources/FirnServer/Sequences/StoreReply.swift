internal import FirnWire
internal import Synchronization

/// The store's reply to a request that had to wait for it.
final class StoreReply: Sendable {
    enum Content: Sendable {
        case created(SequenceDescription)
        case page([SequenceDescription], more: Bool)
        case leased(LeaseGrant)
        case leaseExtended(Lease, limitUnixMilliseconds: UInt64)
        case leaseReleased(freeFromTick: UInt64)
        case store(StoreAnswers)
        case refused(Status)
    }

    private let request: Int
    private let listener: any StoreListener
    private let received = Mutex<Content?>(nil)
    private let abandoned = Atomic(false)

    /// - Parameter request: the listener's number for the request.
    init(to request: Int, of listener: any StoreListener) {
        self.request = request
        self.listener = listener
    }

    /// `nil` until the store has answered.
    var content: Content? { received.withLock { $0 } }

    /// Whether the request has ended without it.
    var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    func abandon() { abandoned.store(true, ordering: .relaxed) }

    func give(_ content: Content) {
        received.withLock { $0 = content }
        listener.storeAnswered(StoreAnswer(.reply(to: request)))
    }
}
