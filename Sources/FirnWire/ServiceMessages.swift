/// A unary method of `firn.v1.IDService`, by the number of its request in `Request.method`.
package enum ServiceMethod: UInt8, Sendable, CaseIterable {
    case nextID = 3
    case nextBatch = 4
    case nextTickets = 5
    case newPrefix = 6
    case describe = 7
    case createSequence = 8
    case listSequences = 9
    case leaseWorker = 11
    case extendLease = 12
    case releaseLease = 13

    /// The name in `id_service.proto`.
    package var name: String {
        switch self {
        case .nextID: "NextID"
        case .nextBatch: "NextBatch"
        case .nextTickets: "NextTickets"
        case .newPrefix: "NewPrefix"
        case .describe: "Describe"
        case .createSequence: "CreateSequence"
        case .listSequences: "ListSequences"
        case .leaseWorker: "LeaseWorker"
        case .extendLease: "ExtendLease"
        case .releaseLease: "ReleaseLease"
        }
    }
}

/// Decodes and encodes the messages of single methods, which have no frame and no call's number around them.
///
/// A message is the field of its method in a ``Request``, and an answer the field of its outcome in a ``Response``. So
/// the field's header is put before a request and taken from an answer, and the code for frames does the rest: both
/// protocols accept and write the same.
package final class ServiceMessages {
    private let decoder = RequestDecoder()
    private let output = FrameBuffer()
    private var field: [UInt8] = []

    package init() {}

    /// Reads a method's request.
    ///
    /// - Throws: a ``Status`` when the bytes are not such a message.
    package func decode(_ method: ServiceMethod, _ message: RawSpan) throws(Status) -> Request.Method {
        if method == .nextID, message.isEmpty { return .nextID }
        field.removeAll(keepingCapacity: true)
        field.append(method.rawValue << 3 | 2)
        var length = message.byteCount
        while length >= 0x80 {
            field.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        field.append(UInt8(length))
        message.withUnsafeBytes { field.append(contentsOf: $0) }
        let request = field
        do {
            return try decoder.decodeAny(request.span.bytes).method
        } catch {
            guard error.code == .internal else { throw error }
            throw Status(
                .invalidArgument,
                "the message is not a firn.v1.\(method.name)Request; generate the client's code from id_service.proto"
            )
        }
    }

    /// Calls `body` with the message of an outcome that is not an error.
    package func withMessage<Result>(of outcome: Response.Outcome, _ body: (UnsafeRawBufferPointer) -> Result) -> Result
    {
        output.append(Response(callID: 0, outcome: outcome))
        defer { output.removeAll() }
        return output.withUnsafeBytes { frame in
            // The field's number is one byte, its length a varint.
            var start = Frame.headerLength + 1
            while frame[start] >= 0x80 { start += 1 }
            return body(UnsafeRawBufferPointer(rebasing: frame[(start + 1)...]))
        }
    }
}
