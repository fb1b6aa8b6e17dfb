package import FirnWire

extension FirnClientError {
    /// What the daemon answered. DEADLINE_EXCEEDED is ``Code/timedOut``, on either side.
    package init(_ status: Status) {
        let message = status.message.isEmpty ? "the daemon gave no reason" : status.message
        let retryAfter: Duration? =
            status.retryAfterMilliseconds > 0 ? .milliseconds(Int64(status.retryAfterMilliseconds)) : nil
        self.init(
            code: status.code == .deadlineExceeded ? .timedOut : Code(kind: .status(status.code.rawValue)),
            message: message,
            retryAfter: retryAfter
        )
    }
}
