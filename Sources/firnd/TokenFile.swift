internal import FirnConfiguration
internal import FirnServer
internal import Logging
internal import Synchronization

/// The file of `--token-file`: read at the start, on SIGHUP, and when it changes. While it is wrong, the tokens that were
/// read before stay.
final class TokenFile: Sendable {
    let gate: TokenGate
    private let path: String
    private let logger: Logger
    /// Which file was read last, or was found to be wrong.
    private let seen: Mutex<TextFile.State?>

    /// - Throws: what is wrong with the file.
    init(path: String, logger: Logger) throws(ConfigurationError) {
        self.path = path
        self.logger = logger
        seen = Mutex(TextFile.State(path: path))
        gate = TokenGate(try Self.read(path), logger: logger)
    }

    static func read(_ path: String) throws(ConfigurationError) -> TokenBook {
        let text = try TextFile.read(path: path, is: "the token file", isSecret: true)
        do {
            return try TokenBook(lines: TextFile.lines(of: text))
        } catch {
            throw ConfigurationError("the token file \(path): \(error)")
        }
    }

    /// Whether the file is another than the one that was looked at last. Costs a system call.
    var hasChanged: Bool { TextFile.State(path: path) != seen.withLock { $0 } }

    /// Reads the file again.
    ///
    /// - Throws: what is wrong with it; the tokens stay.
    func reload() throws(ConfigurationError) -> [Reloading.Change] {
        // Before the text: a change while it is read is found the next time.
        let state = TextFile.State(path: path)
        seen.withLock { $0 = state }
        guard let (from, to) = gate.replace(with: try Self.read(path)) else { return [] }
        return [Reloading.Change(name: "tokens", from: from, to: to)]
    }

    /// Reads the file again if it has changed, and logs the change, or once what is wrong.
    func reloadIfChanged() {
        guard hasChanged else { return }
        do {
            for change in try reload() {
                logger.notice(
                    "the token file has changed, and was read again",
                    metadata: ["from": "\(change.from)", "to": "\(change.to)"]
                )
            }
        } catch {
            logger.error(
                "the token file has changed and cannot be used; the tokens that were read before stay",
                metadata: ["error": "\(error)"]
            )
        }
    }
}
