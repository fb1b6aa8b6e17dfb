internal import FirnWire

/// What a connection's state machine wants done, in this order.
enum ConnectionAction {
    /// Write the request.
    case send(Request)
    /// Tell the caller.
    case finish(Call, Call.Outcome)
    /// Make the call on another connection. A retry was sent once, and is not sent a third time.
    case handBack(Call, isRetry: Bool)
    /// Offer this connection no new calls.
    case retire
    /// Close the connection; nothing is expected of it any more.
    case close
}
