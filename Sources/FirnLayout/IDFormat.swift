/// A text format for IDs.
///
/// The raw value is the format's name on a command line. A fixed-width format pads with the alphabet's zero digit to
/// the width of the largest ID. All four alphabets ascend in ASCII, so these texts sort byte by byte in the order of
/// the numbers. (Base58 uses both cases: a database collation that ignores case breaks its order.)
public enum IDFormat: String, Hashable, Sendable, CaseIterable {
    /// Base 10.
    case decimal
    /// Base 16, lower case, no prefix.
    case hex
    /// Douglas Crockford's base 32, upper case, without I, L, O and U. Source: crockford.com/base32.html
    case base32
    /// Bitcoin's base 58: digits and letters without 0, O, I and l; zero is `1`. The number is written with the most
    /// significant digit first. Source: Bitcoin Core, `src/base58.cpp`.
    case base58
    /// Base 10 in 20 digits.
    case decimalFixed = "decimal-fixed"
    /// Base 16 in 16 digits.
    case hexFixed = "hex-fixed"
    /// Crockford's base 32 in 13 digits.
    case base32Fixed = "base32-fixed"
    /// Bitcoin's base 58 in 11 digits.
    case base58Fixed = "base58-fixed"

    /// The format with this name; nil when there is none.
    public init?(name: String) {
        self.init(rawValue: name)
    }

    /// The name on a command line, such as `hex-fixed`.
    public var name: String { rawValue }

    /// Whether every ID has the same number of digits.
    public var isFixedWidth: Bool {
        switch self {
        case .decimal, .hex, .base32, .base58: false
        case .decimalFixed, .hexFixed, .base32Fixed, .base58Fixed: true
        }
    }

    /// The number of digits of the largest ID, and of every ID in a fixed-width format.
    public var maximumWidth: Int { alphabet.width }

    var acceptsHexPrefix: Bool {
        self == .hex || self == .hexFixed
    }

    var alphabet: DigitAlphabet {
        switch self {
        case .decimal, .decimalFixed: .decimal
        case .hex, .hexFixed: .hex
        case .base32, .base32Fixed: .crockford
        case .base58, .base58Fixed: .bitcoin
        }
    }
}

extension IDFormat: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
