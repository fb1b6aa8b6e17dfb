internal import FirnConfiguration

/// The file of `--config`: one `name = value` per line, comments that begin with `#`, and empty lines.
struct SettingsFile {
    struct Line: Equatable {
        /// The file and the line number, for messages.
        var place: String
        var name: String
        /// Empty if nothing follows the equals sign.
        var value: String
    }

    let lines: [Line]

    init(path: String) throws(ConfigurationError) {
        try self.init(text: try TextFile.read(path: path), path: path)
    }

    /// - Throws: for a line of another form; for a `#` after a blank in a value, which other file formats treat as a
    ///   comment; and for a control character anywhere. Also in a comment: an editor may show it as a line end, and the
    ///   text after it would be silently ignored.
    init(text: String, path: String) throws(ConfigurationError) {
        var lines: [Line] = []
        for (index, line) in TextFile.lines(of: text).enumerated() {
            let line = line.trimmingBlanks()
            let place = "\(path), line \(index + 1)"
            if line.utf8.first == UInt8(ascii: "#") {
                try String(line.unicodeScalars.filter { $0 != "\t" }).refuseControls(in: place)
                continue
            }
            guard !line.isEmpty else { continue }
            guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw ConfigurationError("\(place): '\(line.escapingControls)' is not of the form 'name = value'")
            }
            let name = line[..<equals].trimmingBlanks()
            let value = line[line.utf8.index(after: equals)...].trimmingBlanks()
            try name.refuseControls(in: place)
            try value.refuseControls(in: "\(place): \(name)")
            guard value.utf8.first != UInt8(ascii: "#"), !value.contains(" #"), !value.contains("\t#") else {
                throw ConfigurationError(
                    "\(place): \(name): '\(value)' has a '#' after a blank, and a comment begins only where a line does: "
                        + "put the comment on a line of its own, or give a value that has a '#' as --\(name)"
                )
            }
            lines.append(Line(place: place, name: String(name), value: String(value)))
        }
        self.lines = lines
    }
}
