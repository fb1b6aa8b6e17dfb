internal import FirnWire
internal import NIOHPACK

/// The header fields of answers.
enum Trailers {
    /// Before messages.
    static let head: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
    static let ok: HPACKHeaders = ["grpc-status": "0"]

    /// The end of a call that failed.
    ///
    /// - Parameter isWhole: whether nothing was sent before, so that this is the whole answer.
    static func failure(_ status: Status, isWhole: Bool) -> HPACKHeaders {
        var fields = isWhole ? head : HPACKHeaders()
        fields.add(name: "grpc-status", value: "\(StatusMessage.number(of: status.code))")
        // Not in HPACK's table, in which it would replace what is sent often.
        fields.add(name: "grpc-message", value: StatusMessage.encoded(status.message), indexing: .nonIndexable)
        if let details = StatusMessage.details(of: status) {
            fields.add(name: "grpc-status-details-bin", value: details, indexing: .nonIndexable)
        }
        if status.code == .unimplemented { fields.add(name: "grpc-accept-encoding", value: "identity") }
        return fields
    }
}
