internal import Glibc

extension SocketFile {
    /// Refuses a path where no socket can be created, before anything is created.
    static func examine(_ path: String) throws(ListenError) {
        let directory = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        var status = stat()
        guard stat(directory, &status) == 0 else {
            throw .system(
                "the directory \(directory) of the socket \(path) cannot be used: \(systemError); make it, or listen elsewhere"
            )
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw .system("\(directory), where the socket \(path) is to be, is no directory; listen elsewhere")
        }
        guard faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 else {
            throw .system(
                "no socket can be made in the directory \(directory): \(systemError); let this user write there, or listen "
                    + "elsewhere"
            )
        }
        if lstat(path, &status) == 0 { try requireSocket(status, path) }
    }

    /// Whether a program listens there.
    static func isServed(_ path: String) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let probe = FileDescriptor(socket(AF_UNIX, kind, 0))
        return SocketAddress.withUnix(path: path) { address, length in
            // EAGAIN: a program listens there, and its backlog is full.
            connect(probe.number, address, length) == 0 || errno == EAGAIN
        }
    }

    static func requireSocket(_ status: stat, _ path: String) throws(ListenError) {
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .configuration("\(path) is there and is not a socket; move it away, or listen elsewhere")
        }
    }
}
