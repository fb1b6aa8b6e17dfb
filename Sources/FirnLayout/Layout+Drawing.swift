extension Layout {
    /// A drawing of an ID's bits for a terminal: a box with a cell for each field, and below it a line for each field
    /// with its bits, value and meaning. At most 80 columns, no colours; lines are separated by a newline, with none at
    /// the end.
    public func drawing(of id: FirnID) -> String {
        let decoded = decode(id)
        let cells = decoded.values.map(DrawingCell.init)
        let frame = { (left: String, between: String, right: String) in
            left + cells.map { String(repeating: "─", count: $0.width) }.joined(separator: between) + right
        }
        let box = [
            " " + cells.map(\.bitNumbers).joined(separator: " "),
            frame("┌", "┬", "┐"),
            "│" + cells.map(\.bits).joined(separator: "│") + "│",
            frame("└", "┴", "┘"),
            " " + cells.map(\.name).joined(separator: " "),
        ]
        let heading = Self.joined(["\(id)", name], by: "  ·  ", indentation: 0)
        return (heading + [""] + box.map(\.withoutTrailingSpaces) + [""] + Self.legend(of: decoded))
            .joined(separator: "\n")
    }

    private static func legend(of decoded: DecodedID) -> [String] {
        let rows = decoded.values.map { entry in
            let field = entry.field
            let bits = field.width == 1 ? "bit \(field.shift)" : "bits \(field.highestBit)–\(field.shift)"
            return (name: field.kind.rawValue, bits: bits, value: String(entry.value), note: note(entry, in: decoded))
        }
        let nameWidth = rows.map(\.name.count).max() ?? 0
        let bitsWidth = rows.map(\.bits.count).max() ?? 0
        let valueWidth = rows.map(\.value.count).max() ?? 0
        return rows.flatMap { row in
            let padding = String(repeating: " ", count: valueWidth - row.value.count)
            let start = row.name.filled(to: nameWidth) + "   " + row.bits.filled(to: bitsWidth) + "   " + padding
            return joined([start + row.value, row.note], by: "   ", indentation: nameWidth + 3)
        }
        .map(\.withoutTrailingSpaces)
    }

    private static func note(_ entry: DecodedID.FieldValue, in decoded: DecodedID) -> String {
        switch entry.field.kind {
        case .time: decoded.utc.map(\.description) ?? ""
        case .unused: entry.value == 0 ? "" : "set, so not of this layout"
        case .worker, .sequence, .shard, .type, .local: "of 0–\(entry.field.maximum)"
        }
    }

    /// Two parts on one line if they fit in 80 columns, otherwise the second on a line of its own.
    private static func joined(_ parts: [String], by separator: String, indentation: Int) -> [String] {
        let line = parts.joined(separator: separator)
        return line.count <= 80 ? [line] : [parts[0], String(repeating: " ", count: indentation) + parts[1]]
    }
}

/// A field in the drawing's box. Four fields with a space on either side still take only 64 + 8 + 5 = 77 columns.
private struct DrawingCell {
    let value: DecodedID.FieldValue

    var width: Int { value.field.width + 2 }

    var bits: String {
        let digits = String(value.value, radix: 2)
        return " " + String(repeating: "0", count: value.field.width - digits.count) + digits + " "
    }

    /// The field's highest bit on the left and its lowest on the right, or only the highest if both do not fit.
    var bitNumbers: String {
        let (high, low) = ("\(value.field.highestBit)", "\(value.field.shift)")
        let gap = width - 2 - high.count - low.count
        return gap < 1 ? (" " + high).filled(to: width) : " " + high + String(repeating: " ", count: gap) + low + " "
    }

    /// The field's name, centred, or its first letter if it does not fit; the lines below have the full name.
    var name: String {
        let name = value.field.kind.rawValue
        let text = name.count <= width ? name : String(name.prefix(1))
        return (String(repeating: " ", count: (width - text.count) / 2) + text).filled(to: width)
    }
}

extension String {
    fileprivate func filled(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    fileprivate var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
