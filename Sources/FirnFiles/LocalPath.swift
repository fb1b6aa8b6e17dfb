package import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Paths of files and directories on this host, as set by options. Each error names the option that changes the path.
package enum LocalPath {
    /// `path` as an absolute path, so that neither a later change of the working directory nor SQLite's special names
    /// (`:memory:`) can change its meaning.
    package static func absolute(_ path: String) throws(StoreError) -> String {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw StoreError(code: .unwritable, message: "the store's path is empty or has a NUL: give it a file")
        }
        if path.utf8.first == UInt8(ascii: "/") { return path }
        guard let directory = getcwd(nil, 0) else {
            throw StoreError(code: .unwritable, message: "no working directory: give \(path) from the root")
        }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    /// Creates the directory of `path`, with mode 0750, if only that directory is missing.
    package static func makeDirectory(of path: String, option: String = "--store") throws(StoreError) {
        if try examineDirectory(of: path, option: option) { return }
        let directory = parent(of: path)
        if mkdir(directory, 0o750) == 0 {
            // Otherwise a power loss could remove the directory, with the durable data inside.
            let above = open(parent(of: directory), O_RDONLY)
            if above >= 0 {
                fsync(above)
                close(above)
            }
            return
        }
        let reason = errno
        if reason == EEXIST { return }
        throw cannotMake(directory, reason: reason, option: option)
    }

    package static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        while let last = bytes.last, last != UInt8(ascii: "/") { bytes.removeLast() }
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        return bytes.isEmpty ? "." : String(decoding: bytes, as: UTF8.self)
    }

    /// - Returns: whether the directory of `path` exists; if not, it could be created.
    /// - Throws: `.unwritable` if it could not be created.
    package static func examineDirectory(of path: String, option: String = "--store") throws(StoreError) -> Bool {
        let directory = parent(of: path)
        var status = stat()
        if stat(directory, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw StoreError(
                    code: .unwritable,
                    message: "\(directory) is no directory; give \(option) another path"
                )
            }
            return true
        }
        let above = parent(of: directory)
        guard errno == ENOENT, faccessat(AT_FDCWD, above, W_OK | X_OK, AT_EACCESS) == 0 else {
            throw cannotMake(directory, reason: errno, option: option)
        }
        return false
    }

    /// Throws for anything at `path` that is not a file, such as a directory; not if nothing is there.
    package static func requireRegular(_ path: String) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        throw StoreError(code: .unwritable, message: "\(path) is no file: give --store another path")
    }

    package static func requireWritable(_ path: String, option: String) throws(StoreError) {
        guard faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 else {
            throw StoreError(
                code: .unwritable,
                message:
                    "\(path) cannot be written: \(String(cString: strerror(errno))); let this user write there, or give "
                    + "\(option) another path"
            )
        }
    }

    /// Throws if the file system has less room than opening needs. A file system that does not report its size is
    /// accepted.
    package static func requireRoom(_ directory: String, _ neededKiB: UInt64, option: String) throws(StoreError) {
        var status = statvfs()
        guard statvfs(directory, &status) == 0, status.f_blocks > 0 else { return }
        // Some of the free blocks are reserved for the superuser.
        let blocks = geteuid() == 0 ? status.f_bfree : status.f_bavail
        let free = UInt64(blocks).multipliedFullWidth(by: UInt64(status.f_frsize))
        let left = free.high > 0 ? .max : free.low / 1024
        guard left < neededKiB else { return }
        throw StoreError(
            code: .diskFull,
            message:
                "the disk of \(directory) has \(left) KiB left, and a start writes up to \(neededKiB): make room there, or give "
                + "\(option) another path"
        )
    }

    private static func cannotMake(_ directory: String, reason: Int32, option: String) -> StoreError {
        StoreError(
            code: .unwritable,
            message: "cannot make the directory \(directory): \(String(cString: strerror(reason))); "
                + "make it, writable for this user, or give \(option) another path"
        )
    }
}
