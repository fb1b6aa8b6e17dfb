package import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension StateDirectory {
    /// How long a file is kept after its store was removed: the store may be restored from a backup.
    static let keptMilliseconds: UInt64 = 30 * 86_400_000
    /// The same for a full directory: after this time no daemon can have a window that is recorded in the file.
    static let keptWhenFullMilliseconds: UInt64 = 3_600_000

    /// Removes the files of SQLite stores that no longer exist, when the files are old enough.
    ///
    /// The grants of a store matter as long as the store may be used again: its windows until they have passed, its
    /// sequences forever. So a file is kept if its store exists, is in etcd, or has an unknown path; if a daemon uses
    /// the file; and if the file was written, or its limit is, less than 30 days ago. When a file is removed, nothing
    /// is left at the store's path that it could be compared with. If a store is put there later, it is accepted as it
    /// is, as on a new host.
    ///
    /// - Returns: how many were removed.
    package func removeOutlived(at unixMilliseconds: UInt64) throws(StoreError) -> Int {
        let present = try numbers()
        let kept = present.count < maximumFiles ? Self.keptMilliseconds : Self.keptWhenFullMilliseconds
        guard unixMilliseconds > kept else { return 0 }
        var removed = 0
        for number in present
        where try GrantFile.remove(path: file(number), ifUnusedSince: unixMilliseconds - kept) {
            removed += 1
        }
        return removed
    }
}

extension GrantFile {
    /// - Returns: whether it was removed.
    fileprivate static func remove(path: String, ifUnusedSince unixMilliseconds: UInt64) throws(StoreError) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        // This also releases the lock, after the file was removed.
        defer { close(descriptor) }
        var status = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isAt(path, descriptor), fstat(descriptor, &status) == 0,
            case .grant(let grant, _) = try content(descriptor, path), let name = grant.storeName, isGone(name)
        else { return false }
        #if canImport(Darwin)
            let written = status.st_mtimespec
        #else
            let written = status.st_mtim
        #endif
        let last = max(UInt64(max(0, written.tv_sec)) * 1000, grant.limit.unixMilliseconds)
        return last < unixMilliseconds && unlink(path) == 0
    }

    private static func isGone(_ storeName: String) -> Bool {
        let prefix = "sqlite:"
        guard storeName.hasPrefix(prefix) else { return false }
        var status = stat()
        guard lstat(String(storeName.dropFirst(prefix.utf8.count)), &status) != 0 else { return false }
        // Any other error means that the file cannot be seen, and not that it does not exist.
        return errno == ENOENT || errno == ENOTDIR
    }
}
