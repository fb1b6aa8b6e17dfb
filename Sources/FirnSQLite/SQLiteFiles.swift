internal import FirnFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The files of which a database consists, and not their names.
///
/// When a database's file was removed or replaced, the processes that have it open continue to use it, while the next
/// daemon creates a new one. Neither sees the other's records. The same is true of the write-ahead log and of the log's
/// index.
struct SQLiteFiles: Equatable {
    struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64

        /// nil if there is no such file, or if it cannot be reached.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// As it was given: a symbolic link may be changed to another file.
    var path: String
    /// The path beside which SQLite keeps the log.
    var resolvedPath: String
    var database: Identity?
    var log: Identity?
    var logIndex: Identity?
    /// Whether the log must exist, and be the same file. It appears and disappears when a store is only read.
    var isLogOurs = true

    init(path: String, resolvedPath: String) {
        self.path = path
        self.resolvedPath = resolvedPath
        database = Identity(path: path)
        log = Identity(path: resolvedPath + "-wal")
        logIndex = Identity(path: resolvedPath + "-shm")
    }

    var areComplete: Bool { database != nil && (!isLogOurs || log != nil && logIndex != nil) }

    /// The path of the first file that was removed or replaced; nil if there is none.
    func firstReplaced() -> String? {
        let now = SQLiteFiles(path: path, resolvedPath: resolvedPath)
        if now.database != database { return path }
        guard isLogOurs else { return nil }
        if now.log != log { return resolvedPath + "-wal" }
        if now.logIndex != logIndex { return resolvedPath + "-shm" }
        return nil
    }

    /// How to open a file that is only read.
    static func accessForReading(_ path: String) -> SQLiteAccess {
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let file = resolved.map { String(cString: $0) } ?? path
        if access(file, W_OK) == 0, access(LocalPath.parent(of: file), W_OK) == 0 { return .readKeepingLog }
        var status = stat()
        if stat(file + "-wal", &status) == 0, status.st_size > 0 { return .read }
        return Identity(path: file + "-shm") == nil ? .readUnchanging : .read
    }

    static func sleep(milliseconds: UInt32) {
        usleep(milliseconds * 1000)
    }
}
