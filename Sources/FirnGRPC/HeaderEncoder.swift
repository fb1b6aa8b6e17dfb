internal import NIOHPACK

/// Writes header blocks (RFC 7541). Only what nearly each answer has is put in the peer's table, so that it takes one byte from
/// the second time on; all else is written in full.
struct HeaderEncoder {
    /// The fields in the peer's table, the newest last.
    private var table: [Field] = []
    private var usesTable = true
    /// Whether the next block has to begin with the size of a table of no bytes.
    private var isSizeDue = false

    private struct Field: Equatable {
        let name: String
        let value: String
    }

    private static let frequent = [
        Field(name: "content-type", value: "application/grpc"), Field(name: "grpc-status", value: "0"),
    ]
    private static let defaultSize = 4096

    /// The peer has set the size of its table. If it is below the default the table is not used any more, and the next block
    /// says so.
    mutating func tableSizeChanged(to size: Int) {
        guard usesTable, size < Self.defaultSize else { return }
        usesTable = false
        table = []
        isSizeDue = true
    }

    mutating func encode(_ fields: HPACKHeaders) -> [UInt8] {
        var block: [UInt8] = []
        if isSizeDue {
            isSizeDue = false
            block.append(0x20)
        }
        for (name, value, _) in fields {
            let field = Field(name: name, value: value)
            if name == ":status" {
                put(status: value, &block)
            } else if let index = table.firstIndex(of: field) {
                // The newest has the first index after the static table's 61.
                Self.put(62 + table.count - 1 - index, prefixBits: 7, flags: 0x80, &block)
            } else {
                let isIndexed = usesTable && Self.frequent.contains(field)
                block.append(isIndexed ? 0x40 : 0x00)
                Self.put(name, &block)
                Self.put(value, &block)
                if isIndexed { table.append(field) }
            }
        }
        return block
    }

    private func put(status: String, _ block: inout [UInt8]) {
        guard status != "200" else { return block.append(0x88) }
        // The name is 8 in the static table.
        block.append(0x08)
        Self.put(status, &block)
    }

    private static func put(_ text: String, _ block: inout [UInt8]) {
        put(text.utf8.count, prefixBits: 7, flags: 0, &block)
        block += text.utf8
    }

    /// An integer (RFC 7541, section 5.1).
    private static func put(_ number: Int, prefixBits: UInt8, flags: UInt8, _ block: inout [UInt8]) {
        let limit = 1 << Int(prefixBits) - 1
        guard number >= limit else { return block.append(flags | UInt8(number)) }
        block.append(flags | UInt8(limit))
        var rest = number - limit
        while rest >= 0x80 {
            block.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        block.append(UInt8(rest))
    }
}
