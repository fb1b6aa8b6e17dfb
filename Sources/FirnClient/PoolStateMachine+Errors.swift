/// What the callers are told.
extension PoolStateMachine {
    /// Why nobody can be connected.
    var outage: FirnClientError {
        let refusals = addresses.compactMap(\.refusal)
        return FirnClientError(
            .unreachable,
            refusals.map(\.message).joined(separator: " "),
            cause: refusals.last?.cause
        )
    }

    func timedOutWaiting(_ submission: Submission) -> FirnClientError {
        timedOut(submission.call.timeout, breaks: submission.breaks)
    }

    func timedOut(_ timeout: Duration, breaks: Int) -> FirnClientError {
        if phase == .initialized {
            return FirnClientError(
                .timedOut,
                "The call's \(timeout) passed and the client's run() had not begun: start it in a task, or use "
                    + "withFirnClient."
            )
        }
        if !connections.contains(where: { $0.state == .open }) {
            if outageBegan != nil { return outage }
            if breaks > 0 { return connectionClosed(breaks: breaks) }
            return FirnClientError(
                .timedOut,
                "The call's \(timeout) passed before \(names) took the connection: see whether the daemon is well."
            )
        }
        return FirnClientError(
            .timedOut,
            "The call's \(timeout) passed behind \(configuration.maximumCallsInFlight) open calls on each connection to "
                + "\(names): allow more time, ask for batches, or use another client."
        )
    }

    var tooManyCalls: FirnClientError {
        FirnClientError(
            .tooManyCalls,
            "\(waiting.count) calls wait for \(names) already: make fewer at a time, ask for batches, or raise "
                + "maximumWaitingCalls."
        )
    }

    func connectionClosed(breaks: Int) -> FirnClientError {
        FirnClientError(
            .connectionClosed,
            "The connection to \(names) broke \(breaks) times before the call was answered: see whether the "
                + "daemon is well."
        )
    }

    /// The addresses, for a message.
    private var names: String {
        addresses.map { "\($0.address)" }.joined(separator: " and ")
    }
}
