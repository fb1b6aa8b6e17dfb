internal import FirnConfiguration
internal import FirnServer
internal import Glibc
internal import Logging
internal import Synchronization

/// The file of `--token-file`: read at the start, on SIGHUP, and when it changes. While it is wrong, the tokens that were
/// read before stay.
final class TokenFile: Sendable {
    let gate: TokenGate
    private let path: String
    private let logger: Logger
    /// Which file was read last, or was found to be wrong.
    private let seen: Mutex<FileState?>

    /// What changes with a file: Kubernetes replaces it with another one, an editor may write in place.
    struct FileState: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modified: [Int]

        /// - Returns: `nil` if there is no file.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    /// - Throws: what is wrong with the file.
    init(path: String, logger: Logger) throws(ConfigurationError) {
        self.path = path
        self.logger = logger
        seen = Mutex(FileState(path: path))
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
    var hasChanged: Bool { FileState(path: path) != seen.withLock { $0 } }

    /// Reads the file again.
    ///
    /// - Throws: what is wrong with it; the tokens stay.
    func reload() throws(ConfigurationError) -> [Reloading.Change] {
        // Before the text: a change while it is read is found the next time.
        let state = FileState(path: path)
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
