/// Inputs that are not UTF-8 text, which their first bytes tell.
enum InputEncoding: String, CaseIterable {
    case utf16LittleEndian = "UTF-16"
    case utf16BigEndian = "UTF-16 (big-endian)"
    case gzip
    case zstandard
    case bzip2
    case xz
    case zip = "ZIP or of a spreadsheet"

    private var signature: [UInt8] {
        switch self {
        case .utf16LittleEndian: [0xFF, 0xFE]
        case .utf16BigEndian: [0xFE, 0xFF]
        case .gzip: [0x1F, 0x8B]
        case .zstandard: [0x28, 0xB5, 0x2F, 0xFD]
        case .bzip2: Array("BZh".utf8)
        case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        case .zip: [0x50, 0x4B, 0x03, 0x04]
        }
    }

    /// The encoding of an input that begins with these bytes; nil for text.
    init?(startingWith bytes: [UInt8]) {
        guard let encoding = Self.allCases.first(where: { bytes.starts(with: $0.signature) }) else { return nil }
        self = encoding
    }

    /// Whether so few bytes may become a signature.
    static func isPart(_ bytes: [UInt8]) -> Bool {
        allCases.contains { bytes.count < $0.signature.count && $0.signature.starts(with: bytes) }
    }

    /// The error for standard input in this encoding.
    var refusal: Refusal {
        Refusal(message: "Standard input is \(rawValue), and not text in UTF-8. \(advice)", exitCode: .dataError)
    }

    /// What to do, as a sentence.
    private var advice: String {
        switch self {
        case .utf16LittleEndian, .utf16BigEndian: "Convert it, as with iconv -f UTF-16 -t UTF-8."
        case .gzip: "Unpack it, as with gzip -dc."
        case .zstandard: "Unpack it, as with zstd -dc."
        case .bzip2: "Unpack it, as with bzip2 -dc."
        case .xz: "Unpack it, as with xz -dc."
        case .zip: "Export the IDs as text, one per line, or as CSV."
        }
    }
}
