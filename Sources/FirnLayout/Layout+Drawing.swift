extension Layout {
    /// A drawing of an ID's bits for a terminal: a box with a cell for each field, and below it a line for each field
    /// with its bits, value and meaning. At most 80 columns, no colours; more fields than fit in one box continue in a
    /// second. Lines are separated by a newline, with none at the end.
    public func drawing(of id: FirnID) -> String {
        let decoded = decode(id)
        let boxes = Self.rows(of: decoded.values.map(DrawingCell.init)).map(Self.box)
        let heading = Self.joined(["\(id)"] + name.wrapped, by: "  ·  ", indentation: 0)
        return (heading + [""] + boxes.joined(separator: [""]) + [""] + Self.legend(of: decoded)).joined(
            separator: "\n"
        )
    }

    /// The cells of each box, as many as fit.
    private static func rows(of cells: [DrawingCell]) -> [[DrawingCell]] {
        var rows: [[DrawingCell]] = [[]]
        var width = 1
        for cell in cells {
            width += cell.width + 1
            if width > maximumColumns {
                rows.append([])
                width = 1 + cell.width + 1
            }
            rows[rows.count - 1].append(cell)
        }
        return rows
    }

    private static func box(of cells: [DrawingCell]) -> [String] {
        let frame = { (left: String, between: String, right: String) in
            left + cells.map { String(repeating: "─", count: $0.width) }.joined(separator: between) + right
        }
        return [
            " " + cells.map(\.bitNumbers).joined(separator: " "),
            frame("┌", "┬", "┐"),
            "│" + cells.map(\.bits).joined(separator: "│") + "│",
            frame("└", "┴", "┘"),
            " " + cells.map(\.name).joined(separator: " "),
        ]
        .map(\.withoutTrailingSpaces)
    }

    private static func legend(of decoded: DecodedID) -> [String] {
        var rows = decoded.values.map { entry in
            let field = entry.field
            let bits = field.width == 1 ? "bit \(field.shift)" : "bits \(field.highestBit)–\(field.shift)"
            let value = String(decoded.reading(of: field))
            return (name: field.name, bits: bits, value: value, note: note(entry, in: decoded))
        }
        if let worker = decoded.worker, decoded.layout.workerFields.count > 1 {
            rows.append(("worker", "all parts", String(worker), "of 0–\(decoded.layout.maximumWorker)"))
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
        let field = entry.field
        switch field.kind {
        case .time: return decoded.utc.map(\.description) ?? ""
        case .unused: return entry.value == 0 ? "" : "set, so not of this layout"
        case .constant:
            return entry.value == field.constant ? "constant" : "not \(field.constant), so not of this layout"
        case .random: return "random"
        case .sequence where decoded.isSequenceReserved:
            let first = decoded.layout.firstSequence
            return entry.value < first ? "reserved: IDs begin with \(first)" : "reserved, of 0–\(field.maximum)"
        case .worker, .sequence, .shard, .type, .local: return "of 0–\(field.maximum)"
        }
    }

    private static let maximumColumns = 80

    /// The parts on one line if they are two and fit in 80 columns, otherwise each after the first on a line of its own,
    /// indented as far as it fits.
    private static func joined(_ parts: [String], by separator: String, indentation: Int) -> [String] {
        let line = parts.joined(separator: separator)
        guard parts.count > 2 || line.count > maximumColumns else { return [line] }
        return parts.prefix(1)
            + parts.dropFirst().map { part in
                String(repeating: " ", count: max(0, min(indentation, maximumColumns - part.count))) + part
            }
    }
}

/// A field in the drawing's box. Four fields with a space on either side take 64 + 8 + 5 = 77 columns, the widest alone 68.
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
        let name = value.field.name
        let text = name.count <= width ? name : String(name.prefix(1))
        return (String(repeating: " ", count: (width - text.count) / 2) + text).filled(to: width)
    }
}

extension String {
    fileprivate func filled(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// A layout's text on lines of at most 80 columns, which end after a comma or before an option.
    fileprivate var wrapped: [String] {
        var lines = [""]
        var word = ""
        func place() {
            if lines[lines.count - 1].count + word.count > 80 { lines.append("") }
            lines[lines.count - 1] += word
            word = ""
        }
        for character in self {
            if character == "/" { place() }
            word.append(character)
            if character == "," { place() }
        }
        place()
        return lines
    }

    fileprivate var withoutTrailingSpaces: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
