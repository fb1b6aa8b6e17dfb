internal import ArgumentParser
internal import FirnLayout

/// How decoded IDs are written.
enum DecodedIDFormat: String, ExpressibleByArgument, CaseIterable {
    /// The drawing, several lines for each ID.
    case text
    /// One short line for each ID.
    case line
    /// Columns that end at tabs, below a header.
    case tsv
    /// One JSON object per line.
    case json
}

/// Writes decoded IDs in one format.
struct DecodedIDText {
    let layout: Layout
    let format: DecodedIDFormat
    private var isFirst = true

    init(layout: Layout, format: DecodedIDFormat) {
        self.layout = layout
        self.format = format
    }

    /// The line above the IDs; nil where there is none.
    var header: String? {
        guard format == .tsv else { return nil }
        let worker = layout.wholeWorkerName.map { [$0] } ?? []
        let time = layout.hasTime ? ["utc"] : []
        return (["id"] + layout.fields.map(\.name) + worker + time + ["fits"]).joined(separator: "\t")
    }

    /// An ID's lines, without the last one's line end.
    ///
    /// - Parameter hints: What JSON is to say of the ID.
    mutating func text(of id: FirnID, hints: () -> [String]) -> String {
        defer { isFirst = false }
        switch format {
        case .text: return (isFirst ? "" : "\n") + layout.drawing(of: id)
        case .line: return Self.line(layout.decode(id))
        case .tsv: return Self.row(layout.decode(id))
        case .json: return layout.decode(id).json.adding(hints: hints(), warnings: layout.warnings).text
        }
    }

    private static func line(_ decoded: DecodedID) -> String {
        var text = decoded.id.description
        if let utc = decoded.utc { text += "  \(utc)" }
        for entry in decoded.values where entry.field.kind != .time {
            guard entry.field.kind != .unused || entry.value != 0 else { continue }
            text += "  \(entry.field.name) \(entry.value)"
        }
        if let name = decoded.layout.wholeWorkerName, let worker = decoded.worker { text += "  \(name) \(worker)" }
        return decoded.fitsLayout ? text : "\(text)  not of this layout"
    }

    private static func row(_ decoded: DecodedID) -> String {
        var text = decoded.id.description
        for field in decoded.layout.fields { text += "\t\(decoded.reading(of: field))" }
        if decoded.layout.wholeWorkerName != nil, let worker = decoded.worker { text += "\t\(worker)" }
        if let utc = decoded.utc { text += "\t\(utc)" }
        text += decoded.fitsLayout ? "\ttrue" : "\tfalse"
        return text
    }
}
