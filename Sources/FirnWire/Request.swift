/// One call, as a client asks for it.
package struct Request: Sendable, Equatable {
    /// What a request asks for.
    package enum Method: Sendable, Equatable {
        case nextID
        case nextBatch(count: UInt32)
        case nextTickets(sequence: Name, count: UInt32)
        case newPrefix(service: Name)
        case describe
        case createSequence(SequenceDescription)
        /// The sequences whose names come after this one; `nil`: all.
        case listSequences(after: Name?)
        /// None that this version knows: a newer client's, or no method at all.
        case unknown
        /// A known method with an argument that breaks the wire's rules.
        case refused(Status)
    }

    /// Chosen by the client, repeated in the answer.
    package var callID: UInt64
    /// Milliseconds from its arrival at which the call is given up; 0: never.
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
