internal import FirnConfiguration
internal import FirnEngine
internal import FirnFiles
internal import FirnStore
internal import Glibc
internal import Logging

/// Where a daemon records its grants.
enum StateLocation: CustomStringConvertible {
    /// `--state-dir none`, or a store that ends with the daemon.
    case nowhere
    /// The value of `--state-dir`. It must be usable.
    case directory(String)
    /// The default. If it cannot be written, as in a container with a read-only root, the daemon continues without it.
    case standard(DefaultPaths)

    init(option: String?, store: StoreLocation, paths: DefaultPaths) {
        switch option {
        case _ where store == .memory, "none": self = .nowhere
        case let path?: self = .directory(path)
        case nil: self = .standard(paths)
        }
    }

    var description: String {
        switch self {
        case .nowhere: "none"
        case .directory(let path): path
        case .standard(let paths): paths.stateDirectory
        }
    }

    /// The directory, if it already exists; nothing is created.
    func existing() throws(StoreError) -> StateDirectory? {
        let path: String
        switch self {
        case .nowhere: return nil
        case .directory(let given): path = given
        case .standard(let paths): path = paths.stateDirectory
        }
        return access(path, R_OK | X_OK) == 0 ? try StateDirectory(existing: path) : nil
    }

    /// The journal of a daemon on this store, with the records of earlier daemons and of others on this host.
    func journal(_ context: GrantJournal.Context, logger: Logger) throws -> GrantJournal {
        switch self {
        case .nowhere:
            logger.notice("what the store grants is not remembered (--state-dir none): restore no older copy of it")
            return try GrantJournal(context)
        case .directory(let path):
            return try Self.journal(context, in: StateDirectory(path: path), logger)
        case .standard(let paths):
            do {
                try paths.makeDirectory(for: .state)
                return try Self.journal(context, in: StateDirectory(path: paths.stateDirectory), logger)
            } catch  where error is ConfigurationError || (error as? StoreError)?.code == .unwritable {
                logger.warning(
                    "what the store grants is not remembered: if it is restored from an older copy, nobody may notice",
                    metadata: ["error": "\(error)"]
                )
                return try GrantJournal(context)
            }
        }
    }

    private static func journal(
        _ context: GrantJournal.Context,
        in directory: StateDirectory,
        _ logger: Logger
    ) throws -> GrantJournal {
        let now = UInt64(max(0, SystemTimeSource().wallNanoseconds()) / 1_000_000)
        let removed = try directory.removeOutlived(at: now)
        if removed > 0 {
            logger.notice(
                "what was remembered of stores that are gone was removed",
                metadata: ["files": "\(removed)", "state": "\(directory.path)"]
            )
        }
        return try GrantJournal(context, storage: directory)
    }
}
