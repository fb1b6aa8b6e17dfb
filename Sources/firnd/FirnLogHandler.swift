internal import Logging

/// Passes each message to the daemon's log: as text for people, or as JSON for log collectors.
struct FirnLogHandler: LogHandler {
    /// This logger's own level. By default it has the daemon's, which can change while it runs.
    var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]
    private let output: LogOutput
    private var ownLevel: Logger.Level?

    init(output: LogOutput) {
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { $1 } } ?? metadata
        output.log(event.level, "\(event.message)", all)
    }
}
