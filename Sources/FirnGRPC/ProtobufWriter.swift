/// Writes a protobuf message, for the few small messages that are not Firn's. Fields with their default value are left
/// out, as proto3 has it.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ field: UInt8, number: UInt64) {
        guard number != 0 else { return }
        bytes.append(field << 3)
        append(varint: number)
    }

    mutating func put(_ field: UInt8, text: String) {
        guard !text.isEmpty else { return }
        put(field, bytes: text.utf8)
    }

    /// A field of bytes, or an embedded message, which is written when it is empty too.
    mutating func put(_ field: UInt8, bytes value: some Collection<UInt8>) {
        bytes.append(field << 3 | 2)
        append(varint: UInt64(value.count))
        bytes += value
    }

    mutating func put(_ field: UInt8, message write: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        write(&message)
        put(field, bytes: message.bytes)
    }

    private mutating func append(varint number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
