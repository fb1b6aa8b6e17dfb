/// The fields of a record of a table, from left to right.
struct RecordFields: Sequence, IteratorProtocol {
    enum Separator {
        /// The record is one field.
        case none
        case tab
        /// With quotes around fields that need them (RFC 4180).
        case comma
    }

    private let separator: Separator
    private var rest: ArraySlice<UInt8>
    private var isAtEnd = false

    init(_ record: [UInt8], separator: Separator) {
        rest = record[...]
        self.separator = separator
    }

    mutating func next() -> [UInt8]? {
        guard !isAtEnd else { return nil }
        switch separator {
        case .none: return take(until: rest.endIndex)
        case .tab: return take(until: rest.firstIndex(of: UInt8(ascii: "\t")) ?? rest.endIndex)
        case .comma: return rest.first == Self.quote ? quoted() : take(until: comma)
        }
    }

    private static let quote = UInt8(ascii: "\"")

    private var comma: Int { rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex }

    private mutating func take(until end: Int) -> [UInt8] {
        defer {
            isAtEnd = end == rest.endIndex
            rest = rest[end...].dropFirst()
        }
        return Array(rest[..<end])
    }

    /// A field in quotes, where two quotes are one. What follows the closing quote up to the comma is kept as it is.
    private mutating func quoted() -> [UInt8] {
        var field: [UInt8] = []
        rest.removeFirst()
        while let end = rest.firstIndex(of: Self.quote) {
            field += rest[..<end]
            rest = rest[(end + 1)...]
            guard rest.first == Self.quote else { break }
            field.append(Self.quote)
            rest.removeFirst()
        }
        return field + take(until: comma)
    }
}
