/// The token that is shown to a daemon.
package enum ClientToken {
    /// The first token of a file: a line is a token alone, or as in the daemon's file, with a name before it.
    package static func read(path: String) throws(ConfigurationError) -> String {
        let text = try TextFile.read(path: path, is: "the token file", isSecret: true)
        for (index, line) in TextFile.lines(of: text).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let first = words.first, first.utf8.first != UInt8(ascii: "#") else { continue }
            let token = words.count > 1 ? words[1] : first
            guard words.count <= 3, isToken(token) else {
                throw ConfigurationError(
                    "the token file \(path): line \(index + 1) has no token of \(lengths) of printable ASCII; "
                        + "write TOKEN or NAME TOKEN"
                )
            }
            return String(token)
        }
        throw ConfigurationError("the token file \(path) has no token; write one, on a line of its own")
    }

    package static let lengths = "16 to 256 characters"

    package static func isToken(_ text: some StringProtocol) -> Bool {
        (16...256).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
