internal import FirnWire

/// The errors that calls end with.
extension ConnectionStateMachine {
    func timedOutUnanswered(_ call: Call) -> FirnClientError {
        FirnClientError(
            code: .timedOut,
            message: "The call's \(call.timeout) passed without an answer from \(address): "
                + "allow more time, or see whether the daemon is well."
        )
    }

    func refusedToken(_ status: Status) -> FirnClientError {
        let error = FirnClientError(status)
        guard error.code == .unauthenticated else { return error }
        return FirnClientError(
            code: .unauthenticated,
            message: "The daemon at \(address) refused this client's token (\(error.message)): see that the "
                + "configuration's token is in the daemon's token file."
        )
    }

    func violation(_ what: String) -> FirnClientError {
        FirnClientError(
            code: .protocolViolation,
            message: "The peer at \(address) does not speak as a Firn daemon: \(what). See whether the address is a "
                + "daemon's."
        )
    }
}

extension FirnClientError {
    static var shutDown: FirnClientError {
        FirnClientError(
            code: .shutDown,
            message: "The client's run() has ended: make calls before that, or make another client."
        )
    }

    static var cancelled: FirnClientError {
        FirnClientError(code: .cancelled, message: "The task was cancelled while its call was open.")
    }
}
