internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import Glibc
internal import Logging
internal import Synchronization

/// The daemon's log output: standard error, written by a separate thread so that no other thread waits for the reader.
final class LogOutput: Sendable {
    let writer: LogWriter
    private let format: LogFormat
    private let throttle = Mutex(LogThrottle())
    /// The index in `levels`.
    private let levelIndex: Atomic<Int>

    private static let levels = Logger.Level.allCases

    /// How long the daemon waits at its end for a reader that does not read.
    private static let lastWait = Duration.seconds(1)

    init(format: LogFormat, level: Logger.Level) {
        self.format = format
        levelIndex = Atomic(Self.index(of: level))
        writer = LogWriter(descriptor: STDERR_FILENO) { count in
            Self.line(
                .warning,
                "log lines were dropped, as they were not read",
                ["lines": "\(count)"],
                format
            )
        }
    }

    /// The lowest level that is written.
    var level: Logger.Level {
        get { Self.levels[levelIndex.load(ordering: .relaxed)] }
        set { levelIndex.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    private static func index(of level: Logger.Level) -> Int { levels.firstIndex(of: level)! }

    /// Writes a line, unless there were many of the same kind recently.
    func log(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) {
        var metadata = metadata
        // Lower levels are not throttled: they report single events, such as each of many workers that is held.
        if level >= .notice {
            let now = SystemTimeSource().bootNanoseconds()
            let kind = LogKind(
                message,
                door: metadata["door"].map { "\($0)" },
                reason: metadata["reason"].map { "\($0)" }
            )
            guard case .written(let leftOut) = throttle.withLock({ $0.judge(kind, now: now) }) else { return }
            if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        }
        writer.write(Self.line(level, message, metadata, format))
    }

    /// Logs how many lines were left out, and waits until all are written: the process is about to end.
    func finish(within limit: Duration = lastWait) {
        for (kind, count) in throttle.withLock({ $0.takeLeftOut() }) {
            var metadata: Logger.Metadata = ["left_out": "\(count)"]
            metadata["door"] = kind.door.map { "\($0)" }
            metadata["reason"] = kind.reason.map { "\($0)" }
            writer.write(Self.line(.notice, kind.message, metadata, format))
        }
        writer.flush(within: limit)
    }

    private static func line(
        _ level: Logger.Level,
        _ message: String,
        _ metadata: Logger.Metadata,
        _ format: LogFormat
    ) -> String {
        let time = UTCTime(unixMilliseconds: UInt64(max(0, SystemTimeSource().wallNanoseconds()) / 1_000_000))
        let pairs = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            var line = "\(time) \(level) \(message)"
            for (key, value) in pairs { line += " \(key)=\(quoted("\(value)"))" }
            return line + "\n"
        case .json:
            let members: [(name: String, value: JSON)] = [
                ("time", .string("\(time)")), ("level", .string("\(level)")), ("message", .string(message)),
            ]
            return JSON.object(members + pairs.map { ($0.key, .string("\($0.value)")) }).text + "\n"
        }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
        return isPlain ? value : JSON.quoted(value)
    }
}
