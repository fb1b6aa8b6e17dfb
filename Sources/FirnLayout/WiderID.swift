/// An ID of another kind that has more than 64 bits, recognized by its text.
///
/// Firn's layouts describe 64 bits, so such an ID cannot be decoded in one of them; but what made it, and its time, can
/// be told.
///
/// ```swift
/// let ulid = WiderID(recognizing: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
/// print(ulid!.kind, ulid!.bitWidth, ulid!.time!)    // ULID 128 2016-07-30T23:54:10.259Z
/// ```
///
/// The text alone decides, so an ID of an unknown kind that happens to have the form of a known one is taken for that.
public struct WiderID: Hashable, Sendable {
    /// What the ID is, such as `UUIDv7`, `ULID`, `KSUID`, `ObjectId` or `XID`; `number` for one in decimal digits.
    public let kind: String
    /// The number of bits of the kind; of a number the bits that it has.
    public let bitWidth: Int
    /// The time in the ID; nil if the kind has none, or it cannot be told.
    public let time: UTCTime?
    /// Which package mints such numbers, as a clause; empty if none is known.
    let maker: String

    private init(_ kind: String, _ bitWidth: Int, _ time: UTCTime? = nil, maker: String = "") {
        self.kind = kind
        self.bitWidth = bitWidth
        self.time = time
        self.maker = maker
    }

    var isNumber: Bool { kind == Self.numberKind }

    private static let numberKind = "number"

    /// Longer texts are of no kind that is known here. The longest is a UUID after `urn:uuid:`.
    private static let maximumLength = 64

    /// Recognizes a text of at most 64 characters: UUIDs of all versions (in hexadecimal with or without hyphens, in
    /// braces, or as a URN), ULIDs, KSUIDs, MongoDB's ObjectIds, XIDs, and decimal numbers from 2^64 up to 2^128 - 1.
    ///
    /// - Returns: nil when it is none of them, or an ID of 64 bits.
    public init?(recognizing text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        // Some decimal IDs of 20 digits are in the form of an XID.
        if case .number = FirnID.reading(of: text, format: .decimal) { return nil }
        let kinds = [Self.number, Self.uuid, Self.ulid, Self.ksuid, Self.objectID, Self.xid]
        guard let found = kinds.lazy.compactMap({ $0(text) }).first else { return nil }
        self = found
    }
}

// MARK: - Kinds

extension WiderID {
    private static func number(_ text: String) -> WiderID? {
        guard let bytes = read(text, in: .decimal, count: 16) else { return nil }
        let significant = bytes.drop { $0 == 0 }
        let bitWidth = significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
        guard bitWidth > 64 else { return nil }
        return WiderID(numberKind, bitWidth, maker: maker(bytes, bitWidth))
    }

    /// Which package mints numbers of this width in these years, and the time in one of its IDs. Both packages were run;
    /// findings/ids-wider-than-64-bits.sh has the widths.
    private static func maker(_ bytes: [UInt8], _ bitWidth: Int) -> String {
        let (high, low) = (integer(bytes[0..<8]), integer(bytes[8..<16]))
        switch bitWidth {
        case 70, 71:
            // 0.1 ms since 2019-12-31T18:30:00Z, which is midnight in India.
            let tenths = high << 35 | low >> 29
            let time = UTCTime(unixMilliseconds: 1_577_817_000_000 + tenths / 10)
            return "PyPI short-unique-id 0.3.0 mints \(bitWidth) bits: one of its IDs has the time \(time)"
        case 73:
            let microseconds = high << 42 | low >> 22
            let time = UTCTime(unixNanoseconds: Int64(microseconds) * 1000)
            return "PyPI snowflake-utils 0.1.3 mints \(bitWidth) bits: one of its IDs has the time \(time)"
        default:
            return ""
        }
    }

    /// Source: RFC 9562, sections 4 and 5.
    private static func uuid(_ text: String) -> WiderID? {
        var digits = text.lowercased()[...]
        if digits.hasPrefix("urn:uuid:") {
            digits = digits.dropFirst(9)
        } else if digits.hasPrefix("{"), digits.hasSuffix("}") {
            digits = digits.dropFirst().dropLast()
        }
        let groups = digits.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] || groups.map(\.utf8.count) == [32],
            let bytes = read(groups.joined(separator: ""), in: .hex, count: 16)
        else { return nil }
        if bytes.allSatisfy({ $0 == 0 }) { return WiderID("nil UUID", 128) }
        if bytes.allSatisfy({ $0 == .max }) { return WiderID("max UUID", 128) }
        let version = bytes[6] >> 4
        guard bytes[8] >> 6 == 0b10, (1...8).contains(version) else {
            return WiderID(groups.count == 1 ? "number in hexadecimal" : "UUID of an unknown version", 128)
        }
        return WiderID("UUIDv\(version)", 128, uuidTime(version, bytes))
    }

    private static func uuidTime(_ version: UInt8, _ bytes: [UInt8]) -> UTCTime? {
        let low = integer(bytes[0..<4])
        let middle = integer(bytes[4..<6])
        let high = integer(bytes[6..<8]) & 0xFFF
        switch version {
        case 1: return gregorian(ticks: high << 48 | middle << 32 | low)
        case 6: return gregorian(ticks: low << 28 | middle << 12 | high)
        case 7: return UTCTime(unixMilliseconds: low << 16 | middle)
        default: return nil
        }
    }

    /// The time of UUIDs of version 1 and 6: units of 100 ns since 1582-10-15.
    private static func gregorian(ticks: UInt64) -> UTCTime {
        let secondsTo1970: Int64 = 12_219_292_800
        return UTCTime(
            unixSeconds: Int64(ticks / 10_000_000) - secondsTo1970,
            nanosecond: Int64(ticks % 10_000_000) * 100
        )
    }

    /// 48 bits of milliseconds above 80 random bits, in 26 digits. Source: github.com/ulid/spec
    private static func ulid(_ text: String) -> WiderID? {
        guard text.utf8.count == 26, let bytes = read(text, in: .crockford, count: 16) else { return nil }
        return WiderID("ULID", 128, UTCTime(unixMilliseconds: integer(bytes[0..<6])))
    }

    /// 32 bits of seconds since 2014-05-13T16:53:20Z above 128 random bits, in 27 digits of base 62.
    /// Source: github.com/segmentio/ksuid
    private static func ksuid(_ text: String) -> WiderID? {
        guard text.utf8.count == 27, let bytes = read(text, in: .base62, count: 20) else { return nil }
        return WiderID("KSUID", 160, UTCTime(unixSeconds: Int64(integer(bytes[0..<4])) + 1_400_000_000))
    }

    /// 32 bits of seconds above 64 others, in 24 hexadecimal digits. Source: BSON's specification, ObjectId
    private static func objectID(_ text: String) -> WiderID? {
        guard text.utf8.count == 24, let bytes = read(text, in: .hex, count: 12) else { return nil }
        return WiderID("ObjectId", 96, UTCTime(unixSeconds: Int64(integer(bytes[0..<4]))))
    }

    /// As an ObjectId, in 20 digits of base 32 with the digits of RFC 4648's "extended hex", the last four bits of which
    /// are zero. Source: github.com/rs/xid
    private static func xid(_ text: String) -> WiderID? {
        guard text.utf8.count == 20, text == text.lowercased(),
            let bytes = read(text, in: .extendedHex, count: 13), bytes[12] & 0xF == 0
        else { return nil }
        // 20 digits are 100 bits, which are right-aligned in the 13 bytes.
        let seconds = integer(bytes[0..<5]) >> 4
        return WiderID("XID", 96, UTCTime(unixSeconds: Int64(seconds)))
    }
}

// MARK: - Bytes

extension WiderID {
    /// The number that a text writes, as so many bytes, the most significant first; nil if it has another character, is
    /// empty or does not fit.
    private static func read(_ text: String, in alphabet: DigitAlphabet, count: Int) -> [UInt8]? {
        guard !text.isEmpty else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        for digit in text.utf8 {
            guard var carry = alphabet.value(of: digit) else { return nil }
            for index in bytes.indices.reversed() {
                carry += Int(bytes[index]) * alphabet.digits.count
                bytes[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        return bytes
    }

    /// The number in at most eight bytes.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
