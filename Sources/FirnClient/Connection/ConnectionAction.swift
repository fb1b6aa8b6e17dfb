internal import FirnWire

/// What a connection's state machine wants done, in this order.
enum ConnectionAction {
    /// Write the request.
    case send(Request)
    /// Tell the caller.
    case finish(Call, Call.Outcome)
    /// The daemon cannot make IDs now: tell the caller, or make the call at another daemon.
    case refused(Submission, FirnClientError)
    /// Make the call on another connection.
    case handBack(Submission, wasSent: Bool)
    /// Offer this connection no new calls.
    case retire
    /// Close the connection; nothing is expected of it any more.
    case close
}
