/// What the pool's state machine tells the pool to do, in order.
enum PoolAction {
    /// Make this connection.
    case connect(PooledConnection.ID, FirnAddress, within: Duration)
    /// Make the call on the connection; its place is taken.
    case assign(Submission, PooledConnection.ID)
    /// End the call with this error.
    case finish(Call, FirnClientError)
    /// Close the connection once its open calls have ended.
    case drain(PooledConnection.ID)
    /// End the connection's calls and close it.
    case shutDown(PooledConnection.ID)
}
