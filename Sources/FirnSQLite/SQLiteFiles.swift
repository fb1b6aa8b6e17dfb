internal import FirnFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Which files, not which names, a database consists of.
///
/// A database whose file was removed or replaced goes on working for the processes that have it open, alone in its own world, while
/// the next daemon starts a new one. The same is true of its write-ahead log and of that one's index.
struct SQLiteFiles: Equatable {
    struct Identity: Equatable {
        var device: UInt64
        var inode: UInt64

        /// nil if there is no such file, or no way to it.
        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// As it was given: a symbolic link may be turned to another file.
    var path: String
    /// Where SQLite keeps the log beside the database.
    var resolvedPath: String
    var database: Identity?
    var log: Identity?
    var logIndex: Identity?
    /// Whether there has to be a log, and the same one. It comes and goes where a file is only read.
    var isLogOurs = true

    init(path: String, resolvedPath: String) {
        self.path = path
        self.resolvedPath = resolvedPath
        database = Identity(path: path)
        log = Identity(path: resolvedPath + "-wal")
        logIndex = Identity(path: resolvedPath + "-shm")
    }

    var areComplete: Bool { database != nil && (!isLogOurs || log != nil && logIndex != nil) }

    /// The name of one that is now another file than it was, or none.
    func firstReplaced() -> String? {
        let now = SQLiteFiles(path: path, resolvedPath: resolvedPath)
        if now.database != database { return path }
        guard isLogOurs else { return nil }
        if now.log != log { return resolvedPath + "-wal" }
        if now.logIndex != logIndex { return resolvedPath + "-shm" }
        return nil
    }

    /// How a file can be opened that is to be read only: for writing, if this user may, so that the log beside it is kept
    /// in order.
    static func accessForReading(_ path: String) -> SQLiteAccess {
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let file = resolved.map { String(cString: $0) } ?? path
        if access(file, W_OK) == 0, access(LocalPath.parent(of: file), W_OK) == 0 { return .write }
        var status = stat()
        if stat(file + "-wal", &status) == 0, status.st_size > 0 { return .read }
        return Identity(path: file + "-shm") == nil ? .readUnchanging : .read
    }

    static func sleep(milliseconds: UInt32) {
        usleep(milliseconds * 1000)
    }
}
