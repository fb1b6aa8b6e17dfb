internal import FirnLayout

/// A line of standard input that is no ID.
struct BadLine: Error {
    let message: String
}

/// A line around the rows of a table, which is left out.
struct FrameLine: Error {
    /// What to say of it; nil after the first one.
    let note: String?
}

/// Finds the ID in each record of standard input.
struct InputIDs {
    /// A column of a table, by number from 1 or by its name in the header.
    enum Column: Equatable {
        case number(Int)
        case name(String)

        /// Nil for an empty text, for number 0 and for negative and too large numbers.
        init?(_ text: String) {
            let digits = text.utf8.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
            if !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) {
                guard let number = Int(text), number > 0 else { return nil }
                self = .number(number)
            } else {
                guard !text.isEmpty else { return nil }
                self = .name(text)
            }
        }
    }

    private let column: Column
    let separator: RecordFields.Separator
    let hasHeader: Bool
    private let parse: (String) throws -> FirnID
    /// The column's number from 0, once it is known.
    private var index: Int?
    private var isFirst = true
    /// A hint is given once.
    private var hasHinted = false
    private var hasNotedFrame = false
    private var mistakenColumns = MistakenColumns()

    /// - Parameters:
    ///   - column: Where the ID is; nil for the first column where columns are quoted, and for the whole line otherwise.
    ///   - quoting: Where columns end that may be in quotes; nil: at tabs, without quotes.
    ///   - parse: Reads the ID in a field; throws `LayoutError`, or an error that describes itself.
    init(
        column: Column?,
        quotingBeside quoting: UInt8? = nil,
        hasHeader: Bool,
        parse: @escaping (String) throws -> FirnID
    ) {
        self.column = column ?? .number(1)
        separator = quoting.map { .quoting($0) } ?? (column == nil ? .none : .tab)
        if case .name = self.column { self.hasHeader = true } else { self.hasHeader = hasHeader }
        if case .number(let number) = self.column { index = number - 1 }
        self.parse = parse
    }

    /// The record's ID; nil for a header, and where the field is empty.
    ///
    /// - Throws: ``BadLine``; ``FrameLine``; ``Refusal`` for a header without the column.
    mutating func id(in record: [UInt8]) throws -> FirnID? {
        if hasHeader, isFirst {
            // MySQL draws a rule above the header.
            try leaveOutFrame(record)
            isFirst = false
            try read(header: record)
            return nil
        }
        defer { isFirst = false }
        guard let index else { return nil }
        var fields = RecordFields(record, separator: separator)
        var count = 0
        while count < index, fields.next() != nil { count += 1 }
        guard let field = fields.next() else {
            if record.allSatisfy(Self.isBlank) { return nil }
            try leaveOutFrame(record)
            let hint = hint(String(decoding: record, as: UTF8.self)) ?? ""
            throw BadLine(message: "There is no column \(index + 1): the line has \(count).\(hint)")
        }
        let text = Self.withoutBlanks(field)
        guard !text.isEmpty else { return nil }
        do {
            let id = try parse(text)
            if separator == .comma, mistakenColumns.isCounting {
                mistakenColumns.add(String(decoding: record, as: UTF8.self), read: text, hints)
            }
            return id
        } catch {
            try leaveOutFrame(record)
            let isHeader = isFirst && (separator != .none || Self.isName(text))
            let headerHint = isHeader ? " If the line is a header, give --header." : ""
            let hint = hint(String(decoding: record, as: UTF8.self)) ?? headerHint
            throw BadLine(message: "\((error as? LayoutError)?.message ?? "\(error)")\(hint)")
        }
    }

    /// A sentence if the columns of all lines so far end elsewhere; it is given once.
    ///
    /// - Parameter isAtEnd: Whether the input has ended. If not, only many lines tell.
    mutating func columnWarning(isAtEnd: Bool) -> String? {
        mistakenColumns.warning(isAtEnd: isAtEnd)
    }

    /// - Throws: ``FrameLine`` if a client drew the line.
    private mutating func leaveOutFrame(_ record: [UInt8]) throws(FrameLine) {
        guard ClientFrame.contains(String(decoding: record, as: UTF8.self)) else { return }
        defer { hasNotedFrame = true }
        throw FrameLine(note: hasNotedFrame ? nil : ClientFrame.note)
    }

    /// Whether a text is likely a column's name: `id`, `order_id`, `max`, `max(id)`.
    private static func isName(_ text: String) -> Bool {
        text == "max" || text.contains("_") || text.contains("(") || text.lowercased().hasSuffix("id")
    }

    /// How the input has to be read, as far as a line tells; nil otherwise, and after the first time.
    private mutating func hint(_ line: String) -> String? {
        guard !hasHinted else { return nil }
        let hint = hints.hint(on: line, mayBeHeader: isFirst)
        hasHinted = hint != nil
        return hint
    }

    private var hints: InputHints {
        InputHints(separator: separator) { [parse] in (try? parse($0)) != nil }
    }

    /// - Throws: ``Refusal`` when the header has no such column, or several.
    private mutating func read(header record: [UInt8]) throws {
        guard case .name(let name) = column else { return }
        let names = RecordFields(record, separator: separator).map(Self.withoutBlanks)
        let matches = names.indices.filter { names[$0] == name }
        guard let match = matches.first else {
            let line = String(decoding: record, as: UTF8.self)
            let gap = hints.gap(of: line, withColumn: name)
            let known = names.prefix(20).map(\.quoted).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
            throw Refusal(
                message: "There is no column \(name.quoted) in the header, which has \(known): "
                    + (gap.map { hints.advice($0, column: name) }
                        ?? "give one of them, or a number. Columns end at "
                        + (separator.quoting.map { $0 == UInt8(ascii: ",") ? "commas" : Self.character($0).quoted }
                            ?? "tabs, or with --csv at commas"))
                    + ".",
                exitCode: .dataError
            )
        }
        guard matches.count == 1 else {
            throw Refusal(
                message: "The header has \(matches.count) columns \(name.quoted): give the number of one, "
                    + "such as --header --column \(match + 1).",
                exitCode: .dataError
            )
        }
        index = match
    }

    private static func character(_ byte: UInt8) -> String { String(UnicodeScalar(byte)) }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func withoutBlanks(_ field: [UInt8]) -> String {
        var text = field.drop(while: isBlank)
        while text.last.map(isBlank) == true { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
