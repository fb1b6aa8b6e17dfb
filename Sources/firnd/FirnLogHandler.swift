internal import FirnEngine
internal import FirnLayout
internal import Glibc
internal import Logging

/// Writes a line for each message to standard error: text for people, JSON for collectors.
struct FirnLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let format: LogFormat

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let time = UTCTime(unixMilliseconds: UInt64(SystemTimeSource().wallNanoseconds() / 1_000_000))
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        let pairs = all.sorted { $0.key < $1.key }
        var line: String
        switch format {
        case .text:
            line = "\(time) \(event.level) \(event.message)"
            for (key, value) in pairs { line += " \(key)=\(Self.quoted("\(value)"))" }
        case .json:
            line = "{\"time\":\"\(time)\",\"level\":\"\(event.level)\",\"message\":\(Self.json("\(event.message)"))"
            for (key, value) in pairs { line += ",\(Self.json(key)):\(Self.json("\(value)"))" }
            line += "}"
        }
        line += "\n"
        // One write for a line, so that lines of several threads do not mix.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
        return isPlain ? value : json(value)
    }

    /// A JSON string (RFC 8259, section 7).
    private static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
