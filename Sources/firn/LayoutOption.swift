internal import ArgumentParser
internal import FirnLayout

/// The layout for reading or making IDs.
struct LayoutOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The layout of the IDs: snowflake, discord, instagram, sonyflake, sonyflake-v2, safe53, pinterest, or fields "
                + "such as time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12. A daemon is not asked for its own: "
                + "firn describe tells it.",
            valueName: "layout"
        )
    )
    var layout = "snowflake"

    /// - Throws: `LayoutError`.
    func parsed() throws -> Layout {
        try Layout(parsing: layout)
    }
}
