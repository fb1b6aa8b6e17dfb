/// What the callers are told.
extension ConnectionStateMachine {
    var timedOutWaiting: FirnClientError {
        let waited = "The call's \(configuration.timeout) passed"
        let message =
            switch state {
            case .notStarted:
                "\(waited) and the client's run() had not begun: start it in a task, or use withFirnClient."
            case .connecting: "\(waited) before \(address) took the connection: see whether the daemon is well."
            default:
                "\(waited) behind \(configuration.maximumCallsInFlight) open calls to \(address): "
                    + "allow more time, ask for batches, or use another client."
            }
        return FirnClientError(.timedOut, message)
    }

    var timedOutUnanswered: FirnClientError {
        FirnClientError(
            .timedOut,
            "The call's \(configuration.timeout) passed without an answer from \(address): "
                + "allow more time, or see whether the daemon is well."
        )
    }

    var tooManyCalls: FirnClientError {
        FirnClientError(
            .tooManyCalls,
            "\(configuration.maximumWaitingCalls) calls wait for \(address) already: make fewer at a time, "
                + "ask for batches, or raise maximumWaitingCalls."
        )
    }

    func connectionClosed(cause: (any Error)?) -> FirnClientError {
        FirnClientError(
            .connectionClosed,
            "The connection to \(address) broke twice before the call was answered: see whether the daemon is well.",
            cause: cause
        )
    }

    func violation(_ what: String) -> FirnClientError {
        FirnClientError(
            .protocolViolation,
            "The peer at \(address) does not speak as a Firn daemon: \(what). See whether the address is a daemon's."
        )
    }
}

extension FirnClientError {
    static var shutDown: FirnClientError {
        FirnClientError(.shutDown, "The client's run() has ended: make calls before that, or make another client.")
    }
}
