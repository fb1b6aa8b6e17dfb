internal import FirnWire

/// What a connection's state machine tells its handler to do, in order.
enum ConnectionAction {
    /// Write the request.
    case send(Request)
    /// End the call with this outcome.
    case finish(Call, Call.Outcome)
    /// The daemon cannot make IDs now: end the call with the error, or make it at another daemon.
    case refused(Submission, FirnClientError)
    /// Make the call on another connection.
    case handBack(Submission, wasSent: Bool)
    /// Assign no new calls to this connection.
    case retire
    /// Close the connection.
    case close
}
