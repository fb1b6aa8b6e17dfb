internal import Logging
internal import Synchronization

/// Reads again, on SIGHUP, what can change while the daemon runs.
///
/// Each part is all or nothing: if one cannot be read, an error is logged, it stays as it was, and the other parts are
/// still read. For the main thread alone.
final class Reloading {
    /// A value that was found to be different.
    struct Change: Equatable {
        var name: String
        var from: String
        var to: String
        /// The new value is not in use until the daemon is started anew.
        var needsRestart = false

        var text: String { "\(name) from \(from) to \(to)" }
    }

    private struct Part {
        let name: String
        let reload: () throws -> [Change]
    }

    private let logger: Logger
    private var parts: [Part] = []
    /// The parts that failed at the last reload.
    private var failed: Set<String> = []

    init(logger: Logger) {
        self.logger = logger
    }

    /// Adds a part.
    ///
    /// - Parameters:
    ///   - name: for messages.
    ///   - reload: reads the part again and puts it to use; returns what changed. If it throws, nothing may have
    ///     changed.
    func add(_ name: String, reload: @escaping () throws -> [Change]) {
        parts.append(Part(name: name, reload: reload))
    }

    /// Reads all parts again, and logs what changed.
    func reload() {
        let levelBefore = logger.logLevel
        var changes: [Change] = []
        var failures: [(name: String, error: any Error)] = []
        for part in parts {
            do {
                changes += try part.reload()
            } catch {
                failures.append((part.name, error))
            }
        }
        // Written if the log level before or the one now allows it: a new level is itself a change to report.
        var logger = logger
        logger.logLevel = min(levelBefore, logger.logLevel)
        let (later, now) = (changes.filter(\.needsRestart), changes.filter { !$0.needsRestart })
        for (name, error) in failures {
            logger.error(
                "a part could not be reloaded, and stays as it was",
                metadata: ["part": "\(name)", "error": "\(error)"]
            )
        }
        log(changes: now.isEmpty ? "none" : Self.text(now), failed: failures.map(\.name), to: logger)
        if !later.isEmpty {
            logger.warning(
                "settings differ from those in use, and cannot change while the daemon runs; restart it to use them",
                metadata: ["settings": "\(Self.text(later))"]
            )
        }
    }

    /// A part that failed is named in the last line as well, and again when it can be read: with the values from before, there are no
    /// changes that would tell.
    private func log(changes: String, failed names: [String], to logger: Logger) {
        var metadata: Logger.Metadata = ["changes": "\(changes)"]
        let mended = parts.map(\.name).filter { failed.contains($0) && !names.contains($0) }
        if !mended.isEmpty { metadata["valid_again"] = "\(mended.joined(separator: ", "))" }
        failed = Set(names)
        guard names.isEmpty else {
            metadata["failed"] = "\(names.joined(separator: ", "))"
            return logger.warning("reloaded in part", metadata: metadata)
        }
        logger.notice("reloaded", metadata: metadata)
    }

    private static func text(_ changes: [Change]) -> String { changes.map(\.text).joined(separator: "; ") }
}

/// The request to reload: made by the thread that handles signals, taken by the main thread. Several before it is taken
/// are one.
final class ReloadRequest: Sendable {
    private let isMade = Atomic(false)

    /// Whether it was made and not taken.
    var isPending: Bool { isMade.load(ordering: .relaxed) }

    func make() { isMade.store(true, ordering: .releasing) }

    /// Whether it was made since the last call.
    func take() -> Bool { isMade.exchange(false, ordering: .acquiring) }
}
