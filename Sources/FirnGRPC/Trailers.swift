internal import FirnWire

/// The header fields of answers.
enum Trailers {
    /// Before messages.
    static let head = HeaderFields(headFields, isConstant: true)
    static let ok = HeaderFields([HeaderFields.Field(name: "grpc-status", value: "0")], isConstant: true)

    private static let headFields = [
        HeaderFields.Field(name: ":status", value: "200"),
        HeaderFields.Field(name: "content-type", value: "application/grpc"),
    ]

    /// The end of a call that failed.
    ///
    /// - Parameter isWhole: whether nothing was sent before, so that this is the whole answer.
    static func failure(_ status: Status, isWhole: Bool) -> HeaderFields {
        var fields = isWhole ? headFields : []
        // Only what is sent often is put in the peer's table, in which the rest would replace it.
        func add(_ name: String, _ value: String) {
            fields.append(HeaderFields.Field(name: name, value: value, isIndexed: false))
        }
        add("grpc-status", "\(StatusMessage.number(of: status.code))")
        add("grpc-message", StatusMessage.encoded(status.message))
        if let details = StatusMessage.details(of: status) { add("grpc-status-details-bin", details) }
        if status.code == .unimplemented { add("grpc-accept-encoding", "identity") }
        return HeaderFields(fields)
    }

    /// The answer to a request that is not one of gRPC.
    static func http(_ status: Int) -> HeaderFields {
        HeaderFields([HeaderFields.Field(name: ":status", value: "\(status)", isIndexed: false)])
    }
}
