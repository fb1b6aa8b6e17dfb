/// One call, as a client requests it.
package struct Request: Sendable, Equatable {
    /// The method of a request, with its arguments.
    package enum Method: Sendable, Equatable {
        case nextID
        case nextBatch(count: UInt32)
        case nextTickets(sequence: Name, count: UInt32)
        case newPrefix(service: Name)
        case describe
        case createSequence(SequenceDescription)
        /// The sequences whose names come after this one; `nil`: all.
        case listSequences(after: Name?)
        /// Leases a worker, or extends or releases a lease. Indirect, because it is large, and a method is passed on for
        /// every call.
        indirect case lease(LeaseCall)
        /// Reads or writes records of the store. Indirect for the same reason.
        indirect case store(StoreCall)
        /// Shows a token, before other requests.
        case authenticate(BearerToken)
        /// A method that this version does not know: a newer client's, or no method at all.
        case unknown
        /// A known method with an argument that violates the protocol.
        case refused(Status)
    }

    /// Chosen by the client, repeated in the answer.
    package var callID: UInt64
    /// Milliseconds after its arrival at which the call times out; 0: never.
    package var timeoutMilliseconds: UInt32
    package var method: Method

    package init(callID: UInt64, timeoutMilliseconds: UInt32 = 0, method: Method) {
        self.callID = callID
        self.timeoutMilliseconds = timeoutMilliseconds
        self.method = method
    }

    init(_ call: SingleCall) {
        self.init(callID: call.callID, timeoutMilliseconds: call.timeoutMilliseconds, method: .nextID)
    }
}
