/// What the callers are told.
extension ConnectionStateMachine {
    func timedOutUnanswered(_ call: Call) -> FirnClientError {
        FirnClientError(
            .timedOut,
            "The call's \(call.timeout) passed without an answer from \(address): "
                + "allow more time, or see whether the daemon is well."
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

    static var cancelled: FirnClientError {
        FirnClientError(.cancelled, "The task was cancelled while its call was open.")
    }
}
