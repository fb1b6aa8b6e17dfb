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

    @Flag(inversion: .prefixedNo, help: "The first line is a header. (default: only if --column is a name)")
    var header: Bool?

    var isGiven: Bool { column != nil || csv || header != nil }

    func validate() throws {
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
        InputIDs(column: column.flatMap(InputIDs.Column.init), isCSV: csv, hasHeader: header ?? false, parse: parse)
    }
}
