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
            let members: [(name: String, value: JSON)] = [
                ("time", .string("\(time)")), ("level", .string("\(event.level)")),
                ("message", .string("\(event.message)")),
            ]
            line = JSON.object(members + pairs.map { ($0.key, .string("\($0.value)")) }).text
        }
        line += "\n"
        // One write for a line, so that lines of several threads do not mix.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
        return isPlain ? value : JSON.quoted(value)
    }
}
