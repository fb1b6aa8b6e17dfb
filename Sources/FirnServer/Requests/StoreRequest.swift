internal import FirnStore

/// A request that waits for the store.
struct StoreRequest {
    enum Waits {
        /// For nothing: the slot is vacant.
        case nothing
        /// For values of a sequence, in the order in which such requests came.
        case values(UInt32, of: Sequences.Key, SequenceWait)
        /// For the store's reply to this request.
        case reply(StoreReply)
    }

    let peer: PeerID
    let callID: UInt64
    let method: CallMethod
    /// When it arrived, in boot nanoseconds.
    let began: Int64
    /// The deadline in boot nanoseconds; `.max`: none.
    let deadline: Int64
    var waits: Waits

    /// Stands for no request.
    static let vacant = StoreRequest(
        peer: PeerID(slot: -1),
        callID: 0,
        method: .other,
        began: 0,
        deadline: .max,
        waits: .nothing
    )
}
