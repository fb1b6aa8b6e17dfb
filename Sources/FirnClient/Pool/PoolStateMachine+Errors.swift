/// The errors that calls end with.
extension PoolStateMachine {
    /// Why no daemon can be connected.
    var outage: FirnClientError {
        let refusals = addresses.compactMap(\.refusal)
        return FirnClientError(
            code: .unreachable,
            message: refusals.map(\.message).joined(separator: " "),
            cause: refusals.last?.cause
        )
    }

    func timedOutWaiting(_ submission: Submission) -> FirnClientError {
        let timeout = submission.call.timeout
        return timedOutUnconnected(timeout, breaks: submission.breaks)
            ?? FirnClientError(
                code: .timedOut,
                message: "The call's \(timeout) passed behind \(configuration.maximumCallsInFlight) open calls on each "
                    + "connection to \(names): allow more time, ask for batches, or use another client."
            )
    }

    /// The error for a caller whose shared request is not answered.
    func timedOutSharing(_ timeout: Duration) -> FirnClientError {
        timedOutUnconnected(timeout, breaks: 0)
            ?? FirnClientError(
                code: .timedOut,
                message:
                    "The call's \(timeout) passed without an answer from \(names): allow more time, or see whether "
                    + "the daemon is well."
            )
    }

    /// Why there is no connection; nil when there is one.
    private func timedOutUnconnected(_ timeout: Duration, breaks: Int) -> FirnClientError? {
        if phase == .initialized {
            return FirnClientError(
                code: .timedOut,
                message:
                    "The call's \(timeout) passed and the client's run() had not begun: start it in a task, or use "
                    + "withFirnClient."
            )
        }
        guard !connections.contains(where: { $0.state == .open }) else { return nil }
        if outageBegan != nil { return outage }
        if breaks > 0 { return connectionClosed(breaks: breaks) }
        return FirnClientError(
            code: .timedOut,
            message: "The call's \(timeout) passed before \(names) took the connection: see whether the daemon is well."
        )
    }

    var tooManyCalls: FirnClientError {
        FirnClientError(
            code: .tooManyCalls,
            message:
                "\(waiting.count) calls wait for \(names) already: make fewer at a time, ask for batches, or raise "
                + "maximumWaitingCalls."
        )
    }

    func connectionClosed(breaks: Int) -> FirnClientError {
        FirnClientError(
            code: .connectionClosed,
            message: "The connection to \(names) broke \(breaks) times before the call was answered: see whether the "
                + "daemon is well\(addresses.contains { $0.address.isTLS } ? Self.orRefuses : "")."
        )
    }

    /// With TLS 1.3 a client is connected before the daemon has looked at its certificate.
    private static let orRefuses = ", and in its log whether it refuses this client's certificate, or asks for one"

    /// The addresses, for a message.
    private var names: String {
        addresses.map { "\($0.address)" }.joined(separator: " and ")
    }
}
