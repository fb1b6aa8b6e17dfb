internal import ArgumentParser
internal import FirnLayout

/// The layout for reading or making IDs.
struct LayoutOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The layout of the IDs: \(Self.names), one of them with another epoch as in "
                + "snowflake@2020-01-01T00:00:00Z, or fields such as "
                + "time:41ms@2025-01-01T00:00:00Z,datacenter:5,worker:5,sequence:12 (docs/LAYOUTS.md). A daemon is not "
                + "asked for its own: firn describe tells it.",
            valueName: "layout"
        )
    )
    var layout = "snowflake"

    private static let names = Layout.presets.map(\.name).joined(separator: ", ")

    /// The layout. What is probably not meant is said on standard error.
    ///
    /// - Throws: `LayoutError`, ``Refusal``.
    func parsed() throws -> Layout {
        if layout.lowercased() == "guess" {
            throw Refusal(
                message:
                    "There is no layout \(layout.quoted): firn decode --guess tells in which known layouts IDs are "
                    + "plausible.",
                exitCode: .usage
            )
        }
        let parsed = try Layout(parsing: layout)
        for warning in parsed.warnings { StandardError.write(line: "firn: \(warning)") }
        return parsed
    }
}
