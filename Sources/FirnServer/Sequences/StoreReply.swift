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

    private struct State {
        var content: Content?
        var isAbandoned = false
    }

    private let request: Int
    private let listener: any StoreListener
    private let unwanted: @Sendable (Content) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - request: the listener's number for the request.
    ///   - unwanted: gets an answer that came for a request that had ended, or that it never took. On any thread.
    init(
        to request: Int,
        of listener: any StoreListener,
        unwanted: @escaping @Sendable (Content) -> Void = { _ in }
    ) {
        self.request = request
        self.listener = listener
        self.unwanted = unwanted
    }

    /// The store's answer, once; `nil` until it is there.
    func take() -> Content? {
        state.withLock { state in
            defer { state.content = nil }
            return state.content
        }
    }

    /// Whether the request has ended without it.
    var isAbandoned: Bool { state.withLock(\.isAbandoned) }

    /// The request has ended.
    func abandon() {
        let left = state.withLock { state in
            state.isAbandoned = true
            defer { state.content = nil }
            return state.content
        }
        if let left { unwanted(left) }
    }

    func give(_ content: Content) {
        let isWanted = state.withLock { state in
            if !state.isAbandoned { state.content = content }
            return !state.isAbandoned
        }
        if isWanted { listener.storeAnswered(StoreAnswer(.reply(to: request))) } else { unwanted(content) }
    }
}
