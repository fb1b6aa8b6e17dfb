/// A text format for IDs.
///
/// The raw value is the format's name on a command line. All formats are positional: the ID is written as one number,
/// most significant digit first, in the digits of ``digits``. They are not encodings of its eight bytes, as the base 32
/// of RFC 4648 and z-base-32 of byte strings are: those give other texts.
///
/// A fixed-width format pads with the alphabet's zero digit to the width of the largest ID. Only formats whose digits
/// ascend in ASCII have one, so these texts sort byte by byte in the order of the numbers. (Base 58 and base 62 use both
/// cases: a database collation that ignores case breaks their order.)
///
/// The same text may be an ID in several formats, and another one in each; ``formats(reading:)`` lists them.
public enum IDFormat: String, Hashable, Sendable, CaseIterable {
    /// Base 10. Reading accepts the negative numbers of a signed 64-bit column, as two's complement.
    case decimal
    /// Base 16, lower case, no prefix.
    case hex
    /// Douglas Crockford's base 32, upper case, without I, L, O and U. Source: crockford.com/base32.html
    case base32
    /// Bitcoin's base 58: digits and letters without 0, O, I and l; zero is `1`. Upper case comes before lower case.
    /// Source: Bitcoin Core, `src/base58.cpp`.
    case base58
    /// Flickr's base 58, which github.com/bwmarrin/snowflake writes too: Bitcoin's characters with lower case before
    /// upper case. Every text of it is also one of ``base58``, and another ID there. Source: bwmarrin/snowflake bc74ab2,
    /// `encodeBase58Map`.
    case base58Flickr = "base58-flickr"
    /// The alphabet of z-base-32, lower case only, for the number; as github.com/bwmarrin/snowflake (bc74ab2,
    /// `encodeBase32Map`) writes it. Packages for z-base-32 encode bytes, and give another text.
    case base32Z = "base32-z"
    /// Base 62 with digits, upper case, lower case: CosId (29ec89a, `RadixIdConverter`), GMP, KSUID, PyPI pybase62 1.0.0.
    case base62
    /// Base 62 with digits, lower case, upper case: Go's `big.Int.Text(62)`, PyPI resource-id 1.6.0. Every text of it is
    /// also one of ``base62``, and another ID there.
    case base62LowerFirst = "base62-lower-first"
    /// Base 36, written in lower case as `strconv.FormatInt` and `toString(36)` do, and read in both cases.
    case base36
    /// The alphabet of AT Protocol's TIDs, which have 13 digits and so are of ``base32SortableFixed``.
    /// Source: atproto.com/specs/tid
    case base32Sortable = "base32-sortable"
    /// Base 10 in 20 digits, without a sign.
    case decimalFixed = "decimal-fixed"
    /// Base 16 in 16 digits.
    case hexFixed = "hex-fixed"
    /// Crockford's base 32 in 13 digits.
    case base32Fixed = "base32-fixed"
    /// Bitcoin's base 58 in 11 digits.
    case base58Fixed = "base58-fixed"
    /// Base 62, upper case before lower case, in 11 digits.
    case base62Fixed = "base62-fixed"
    /// Base 36 in 13 digits.
    case base36Fixed = "base36-fixed"
    /// AT Protocol's TIDs: the alphabet of ``base32Sortable`` in 13 digits.
    case base32SortableFixed = "base32-sortable-fixed"

    /// The format with this name; nil when there is none.
    public init?(name: String) {
        self.init(rawValue: name)
    }

    /// The name on a command line, such as `hex-fixed`.
    public var name: String { rawValue }

    /// Whether every ID has the same number of digits.
    public var isFixedWidth: Bool {
        switch self {
        case .decimal, .hex, .base32, .base58, .base58Flickr, .base32Z, .base62, .base62LowerFirst, .base36,
            .base32Sortable:
            false
        case .decimalFixed, .hexFixed, .base32Fixed, .base58Fixed, .base62Fixed, .base36Fixed, .base32SortableFixed:
            true
        }
    }

    /// The number of digits of the largest ID, and of every ID in a fixed-width format.
    public var maximumWidth: Int { alphabet.width }

    /// The digits from zero up, as they are written.
    public var digits: String { alphabet.description }

    var acceptsHexPrefix: Bool {
        self == .hex || self == .hexFixed
    }

    var alphabet: DigitAlphabet {
        switch self {
        case .decimal, .decimalFixed: .decimal
        case .hex, .hexFixed: .hex
        case .base32, .base32Fixed: .crockford
        case .base58, .base58Fixed: .bitcoin
        case .base58Flickr: .flickr
        case .base32Z: .zBase32
        case .base62, .base62Fixed: .base62
        case .base62LowerFirst: .base62LowerFirst
        case .base36, .base36Fixed: .base36
        case .base32Sortable, .base32SortableFixed: .base32Sortable
        }
    }
}

extension IDFormat: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
