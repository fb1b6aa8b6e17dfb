internal import ArgumentParser
internal import FirnLayout

/// IDs on the command line.
enum IDArgument {
    /// Reads an ID. Spaces around it are ignored.
    ///
    /// - Parameter option: The option that gives the format, which the message then names; nil where there is none.
    /// - Throws: `LayoutError`.
    static func id(_ text: String, format: IDFormat, option: String? = nil) throws(LayoutError) -> FirnID {
        let text = text.withoutOuterSpaces
        do throws(LayoutError) {
            return try FirnID(parsing: text, format: format)
        } catch {
            throw option.map { error.naming($0, forText: text, in: format) } ?? error
        }
    }

    /// A sentence if an ID is another one in a format that is easily confused with this.
    static func note(on text: String, format: IDFormat) -> String? {
        format.note(onReading: text.withoutOuterSpaces)
    }
}

extension String {
    /// The text without the spaces around it.
    var withoutOuterSpaces: String {
        var rest = self[...]
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}

/// The input format of IDs. A separate type, because `IDFormat` is in a library that does not depend on ArgumentParser.
struct IDInputFormat: ExpressibleByArgument {
    let idFormat: IDFormat

    init(_ idFormat: IDFormat) {
        self.idFormat = idFormat
    }

    init?(argument: String) {
        guard let format = IDFormat(name: argument) else { return nil }
        self.init(format)
    }

    static var allValueStrings: [String] { IDFormat.allCases.map(\.name) }

    static var allValueDescriptions: [String: String] {
        Dictionary(uniqueKeysWithValues: IDFormat.allCases.map { ($0.name, description(of: $0)) })
    }

    var defaultValueDescription: String { idFormat.name }

    private static func description(of format: IDFormat) -> String {
        if format.isFixedWidth {
            return "the digits of \(format.name.dropLast("-fixed".count)), always \(format.maximumWidth) of them"
        }
        let digits = format.digits
        return switch format {
        case .decimal: "\(digits); negative numbers are two's complement, as in a signed column"
        case .hex: "\(digits); upper case and a 0x before it are read, too"
        case .base32: "\(digits): Crockford's; lower case is read, too, and I, L and O as 1, 1 and 0"
        case .base58: "\(digits): Bitcoin's"
        case .base58Flickr: "\(digits): Flickr's, and bwmarrin/snowflake's"
        case .base32Z: "\(digits): z-base-32's, as bwmarrin/snowflake writes it"
        case .base62: "\(digits): KSUID's, GMP's, CosId's and pybase62's"
        case .base62LowerFirst: "\(digits): Go's math/big's"
        case .base36: "\(digits); upper case is read, too"
        case .base32Sortable: "\(digits): AT Protocol's"
        default: digits
        }
    }
}
