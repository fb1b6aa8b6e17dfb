internal import FirnStore

/// A request that waits for the store.
struct StoreRequest {
    enum Waits {
        /// For nothing: no request.
        case nothing
        /// For values of a sequence, in the order in which such requests came.
        case values(UInt32, of: Sequences.Key, SequenceWait)
        /// For what the store says to this request alone.
        case reply(StoreReply)
    }

    let peer: PeerID
    let callID: UInt64
    let method: CallMethod
    /// When it came; boot nanoseconds.
    let began: Int64
    /// When it is given up, in boot nanoseconds; `.max`: never.
    let deadline: Int64
    var waits: Waits

    /// Stands for none.
    static let vacant = StoreRequest(
        peer: PeerID(slot: -1),
        callID: 0,
        method: .other,
        began: 0,
        deadline: .max,
        waits: .nothing
    )
}
