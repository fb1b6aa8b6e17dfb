internal import ArgumentParser
internal import FirnLayout
internal import FirnWire

/// Where the IDs are in standard input.
struct InputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Standard input is a table: the IDs are in this column, by number from 1 or by name, which needs a header.",
            valueName: "number|name"
        )
    )
    var column: String?

    @Flag(help: "Columns end at commas and may be quoted (RFC 4180); otherwise they end at tabs.")
    var csv = false

    @Option(
        help: ArgumentHelp(
            "Columns end at this character and may be quoted, as in --separator ';'.",
            valueName: "character"
        )
    )
    var separator: String?

    @Flag(inversion: .prefixedNo, help: "The first line is a header. (default: only if --column is a name)")
    var header: Bool?

    var isGiven: Bool { column != nil || csv || separator != nil || header != nil }

    func validate() throws {
        if let separator {
            guard !csv else { throw ValidationError("--csv is --separator ',': give one of the two.") }
            guard Self.byte(separator) != nil else {
                throw ValidationError(
                    "--separator is '\(separator.excerpt)': give one character of ASCII that is no letter, no digit and none "
                        + "of \" - _."
                )
            }
        }
        guard let column else { return }
        guard let parsed = InputIDs.Column(column) else {
            throw ValidationError(
                "--column is '\(column.excerpt)', which is no column: they are counted from 1. Give a number or a name."
            )
        }
        if case .name = parsed, header == false {
            throw ValidationError("--column is a name, which --no-header leaves unknown: give the column's number.")
        }
    }

    /// - Parameter parse: Reads the ID in a field.
    func inputIDs(parse: @escaping (String) throws -> FirnID) -> InputIDs {
        InputIDs(
            column: column.flatMap(InputIDs.Column.init),
            quotingBeside: csv ? UInt8(ascii: ",") : separator.flatMap(Self.byte),
            hasHeader: header ?? false,
            parse: parse
        )
    }

    /// Nil for what is part of IDs and quotes.
    private static func byte(_ text: String) -> UInt8? {
        guard text.utf8.count == 1, let byte = text.utf8.first,
            byte == UInt8(ascii: "\t") || (0x20...0x7E).contains(byte)
        else { return nil }
        let character = Character(text)
        return character.isLetter || character.isNumber || "\"-_".contains(character) ? nil : byte
    }
}
