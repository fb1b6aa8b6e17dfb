#if os(Linux)
    internal import CLinux
    internal import FirnConfiguration
    internal import FirnWire

    #if canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    /// The file that tells a program up to where it may use a lease: one line, `LIMIT_TICK LIMIT_UNIX_MS LEASE_ID`.
    ///
    /// It is replaced whole, so that a reader sees one limit or the other. A file beside it, `PATH.lock`, is locked while this
    /// process or a program that it started runs: a program that outlived its lease must not read the limit of another. One that
    /// closed what it inherited has no lock, so the line also names its lease.
    struct LeaseFile {
        /// Absolute, for a program that changes its directory.
        let path: String

        /// - Throws: `ConfigurationError` when no such file can be there.
        init(path: String) throws(ConfigurationError) {
            self.path = path.utf8.first == UInt8(ascii: "/") ? path : Self.workingDirectory + "/" + path
            guard firn_is_other_than_file(self.path) == 0 else {
                throw ConfigurationError("--lease-file \(path) is there and no regular file; give another path")
            }
            do throws(OutputError) {
                try Self.lock("\(self.path).lock")
                try write("0 0")
            } catch {
                guard error.systemError != EWOULDBLOCK else {
                    throw ConfigurationError(
                        "--lease-file \(path) is in use: another firn lease has it, or a program that one started still runs; "
                            + "end that, or give another path"
                    )
                }
                throw ConfigurationError(
                    "--lease-file \(path) cannot be written (\(String(cString: strerror(error.systemError)))): give a path in a "
                        + "directory that is there and where this user may write"
                )
            }
        }

        /// The lock lasts until the last process that inherited the descriptor has ended, so it is never closed here.
        private static func lock(_ path: String) throws(OutputError) {
            let file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw OutputError(systemError: errno) }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                let failure = errno
                close(file)
                throw OutputError(systemError: failure)
            }
        }

        func write(limitOf lease: Lease, limitUnixMilliseconds: UInt64) throws(OutputError) {
            try write("\(lease.limitTick) \(limitUnixMilliseconds) \(LeaseWord(lease).lasting)")
        }

        /// Zeros: nothing may be minted.
        private func write(_ line: String) throws(OutputError) {
            let text = Array("\(line)\n".utf8)
            let other = "\(path).\(getpid()).tmp"
            // What is there is of an earlier process with this number, or another user's.
            unlink(other)
            let file = open(other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
            guard file >= 0 else { throw OutputError(systemError: errno) }
            let written = text.withUnsafeBytes { Self.put(file, $0) }
            let failure: CInt? = written == text.count ? nil : written < 0 ? errno : ENOSPC
            close(file)
            if let failure {
                unlink(other)
                throw OutputError(systemError: failure)
            }
            guard rename(other, path) == 0 else {
                let failure = errno
                unlink(other)
                throw OutputError(systemError: failure)
            }
        }

        private static func put(_ file: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
            #if canImport(Musl)
                Musl.write(file, bytes.baseAddress, bytes.count)
            #else
                Glibc.write(file, bytes.baseAddress, bytes.count)
            #endif
        }

        /// Ends the permission. When that cannot be written, no file is there.
        func end() {
            do throws(OutputError) {
                try write("0 0")
            } catch {
                unlink(path)
            }
        }

        private static var workingDirectory: String {
            guard let path = getcwd(nil, 0) else { return "." }
            defer { free(path) }
            return String(cString: path)
        }
    }
#endif
