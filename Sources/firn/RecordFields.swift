/// The fields of a record of a table, from left to right.
struct RecordFields: Sequence, IteratorProtocol {
    enum Separator: Equatable {
        /// The record is one field.
        case none
        case tab
        /// This character, with quotes around fields that need them (RFC 4180 has a comma).
        case quoting(UInt8)

        static let comma = quoting(UInt8(ascii: ","))

        /// The character beside which fields may be in quotes.
        var quoting: UInt8? {
            if case .quoting(let byte) = self { byte } else { nil }
        }
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
        case .quoting(let byte):
            return rest.first == Self.quote ? quoted(until: byte) : take(until: end(at: byte))
        }
    }

    private static let quote = UInt8(ascii: "\"")

    private func end(at byte: UInt8) -> Int { rest.firstIndex(of: byte) ?? rest.endIndex }

    private mutating func take(until end: Int) -> [UInt8] {
        defer {
            isAtEnd = end == rest.endIndex
            rest = rest[end...].dropFirst()
        }
        return Array(rest[..<end])
    }

    /// A field in quotes, where two quotes are one. What follows the closing quote up to the separator is kept as it is.
    private mutating func quoted(until byte: UInt8) -> [UInt8] {
        var field: [UInt8] = []
        rest.removeFirst()
        while let end = rest.firstIndex(of: Self.quote) {
            field += rest[..<end]
            rest = rest[(end + 1)...]
            guard rest.first == Self.quote else { break }
            field.append(Self.quote)
            rest.removeFirst()
        }
        return field + take(until: end(at: byte))
    }
}
