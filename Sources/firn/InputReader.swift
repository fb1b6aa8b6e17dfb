/// Cuts the bytes of an input into records: lines, or in CSV (RFC 4180) lines whose quoted fields may contain line ends.
///
/// It asks for bytes and reads none itself. Its memory is bounded: a record has at most ``maximumLength`` bytes.
struct InputReader: ~Copyable {
    /// More than any row of a table with an ID should have.
    static let maximumLength = 1 << 20
    static let pieceLength = 64 * 1024

    enum Event: Equatable {
        /// A record without its line end, and the number of its first line.
        case record([UInt8], line: Int)
        /// A line that is left out, for it is longer than a record can be.
        case tooLong(line: Int)
        /// A line that is left out, for its record has a quoted field that does not end within the longest record, or
        /// before the input does. The quote is in this line or a later one.
        case openQuote(line: Int, quoteLine: Int, isAtEnd: Bool)
        /// The input is no text.
        case encoded(InputEncoding)
        /// ``fill(_:)`` has to be called before the next record.
        case needsInput
        case end
    }

    /// Where a field ends that may be in quotes; nil when quotes are a part of the text.
    private let separator: UInt8?
    private var buffer: [UInt8] = []
    /// The records before this offset have been returned.
    private var start = 0
    private var scan = RecordScan()
    private var line = 1
    private var hasBegun = false
    private var isAtEnd = false
    /// The rest of a line that is too long is still to be skipped.
    private var isSkipping = false

    init(quotingBeside separator: UInt8? = nil) {
        self.separator = separator
    }

    /// Calls `read` for more bytes; none mean that the input has ended.
    mutating func fill(_ read: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
        buffer.removeSubrange(..<start)
        start = 0
        let count = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: Self.pieceLength))
        var added = 0
        defer { buffer.removeLast(Self.pieceLength - added) }
        added = try buffer.withUnsafeMutableBytes { try read(UnsafeMutableRawBufferPointer(rebasing: $0[count...])) }
        isAtEnd = added == 0
    }

    mutating func next() -> Event {
        if !hasBegun {
            let isPart = buffer.count < Self.byteOrderMark.count && Self.byteOrderMark.starts(with: buffer)
            guard isAtEnd || !isPart && !InputEncoding.isPart(buffer) else { return .needsInput }
            if let encoding = InputEncoding(startingWith: buffer) { return .encoded(encoding) }
            if buffer.starts(with: Self.byteOrderMark) { start = Self.byteOrderMark.count }
            hasBegun = true
        }
        if isSkipping {
            guard skipLine() else { return isAtEnd ? .end : .needsInput }
        }
        let rest = buffer[start...]
        if let length = rest.withUnsafeBufferPointer({ scan.end(of: $0, quotingBeside: separator) }) {
            return take(rest.prefix(length), lineEnd: 1)
        }
        if isAtEnd {
            guard !rest.isEmpty else { return .end }
            return scan.isQuoted ? leaveOutOpenQuote() : take(rest, lineEnd: 0)
        }
        guard rest.count >= Self.maximumLength else { return .needsInput }
        return scan.isQuoted ? leaveOutOpenQuote() : leaveOut { .tooLong(line: $0) }
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    private static let newline = UInt8(ascii: "\n")

    private mutating func take(_ record: ArraySlice<UInt8>, lineEnd: Int) -> Event {
        defer {
            start = record.endIndex + lineEnd
            line += scan.lineEnds + 1
            scan = RecordScan()
        }
        return .record(Array(record.last == UInt8(ascii: "\r") ? record.dropLast() : record), line: line)
    }

    private mutating func leaveOutOpenQuote() -> Event {
        let (quoteLine, isAtEnd) = (line + scan.lineEndsBeforeQuote, isAtEnd)
        return leaveOut { .openQuote(line: $0, quoteLine: quoteLine, isAtEnd: isAtEnd) }
    }

    /// Leaves out one line and reads on behind it, also where a quoted field would contain what comes then.
    private mutating func leaveOut(_ event: (Int) -> Event) -> Event {
        defer {
            line += 1
            scan = RecordScan()
            _ = skipLine()
        }
        return event(line)
    }

    /// Whether the line's end has been found.
    private mutating func skipLine() -> Bool {
        let end = buffer[start...].firstIndex(of: Self.newline)
        start = end.map { $0 + 1 } ?? buffer.endIndex
        isSkipping = end == nil
        return !isSkipping
    }
}

/// The search for a record's end, which goes on when more bytes have come.
private struct RecordScan {
    private enum Place { case fieldStart, field, quotes, closingQuote }

    private var place = Place.fieldStart
    private var offset = 0
    /// How many line ends are inside of quoted fields.
    private(set) var lineEnds = 0
    /// How many of them are before the last quoted field.
    private(set) var lineEndsBeforeQuote = 0

    var isQuoted: Bool { place == .quotes }

    /// The length of the record at the start of `bytes`, without its line end; nil when it is not complete.
    mutating func end(of bytes: UnsafeBufferPointer<UInt8>, quotingBeside separator: UInt8?) -> Int? {
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\n"), place != .quotes { return offset }
            if let separator { read(byte, separator) }
            offset += 1
        }
        return nil
    }

    private mutating func read(_ byte: UInt8, _ separator: UInt8) {
        switch (place, byte) {
        case (.quotes, UInt8(ascii: "\"")): place = .closingQuote
        case (.quotes, UInt8(ascii: "\n")): lineEnds += 1
        case (.quotes, _): break
        case (.fieldStart, UInt8(ascii: "\"")):
            place = .quotes
            lineEndsBeforeQuote = lineEnds
        case (.closingQuote, UInt8(ascii: "\"")): place = .quotes
        case (_, separator): place = .fieldStart
        default: place = .field
        }
    }
}
