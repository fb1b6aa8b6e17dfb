internal import Glibc
internal import Synchronization

/// Mode and owner of a Unix socket's file. Connecting to it needs write permission (unix(7)).
package struct SocketOwnership: Sendable, Equatable {
    /// Permission bits, 0 to 0o777.
    package var mode: UInt32
    /// `nil`: the daemon's own.
    package var owner: UInt32?
    /// `nil`: the daemon's own.
    package var group: UInt32?

    package init(mode: UInt32 = 0o660, owner: UInt32? = nil, group: UInt32? = nil) {
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

/// A Unix socket's file, held under the lock `PATH.lock` for as long as the daemon lives.
///
/// The lock file is never unlinked: a daemon that unlinked it could leave two others each with a lock on a file of
/// that name.
final class SocketFile: Sendable {
    private let path: String
    private let ownership: SocketOwnership
    private let lock: FileDescriptor
    /// The file that we bound; `nil` before that, and when another daemon or program was found in its place.
    private let bound = Mutex<FileIdentity?>(nil)

    private struct FileIdentity: Equatable {
        let device: dev_t
        let inode: ino_t

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }

    init(path: String, ownership: SocketOwnership) throws(ListenError) {
        self.path = path
        self.ownership = ownership
        try Self.examine(path)
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(
                "cannot open \(lockPath), which guards the socket: \(systemError); check the directory and its permissions"
            )
        }
        lock = FileDescriptor(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .occupied("another firnd serves \(path) (it holds \(lockPath)); stop that one, or listen elsewhere")
        }
        try Self.removeStale(path)
    }

    deinit {
        // Runs also when init throws, because another daemon has the lock or another program the name: that file is
        // theirs. And what took our file's place since is not ours either.
        if let bound = bound.withLock({ $0 }), bound == FileIdentity(path) { unlink(path) }
    }

    /// A bound socket with the file's mode and owner in place, on which nobody can connect before listen().
    func bind() throws(ListenError) -> FileDescriptor {
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .system("cannot make a Unix socket: \(systemError)") }
        let result = FileDescriptor(descriptor)
        let bound = SocketAddress.withUnix(path: path) { address, length in Glibc.bind(descriptor, address, length) }
        guard bound == 0 else {
            throw .system("cannot bind \(path): \(systemError); check the directory and its permissions")
        }
        self.bound.withLock { $0 = FileIdentity(path) }
        guard chmod(path, ownership.mode) == 0 else {
            throw .system("cannot set mode \(String(ownership.mode, radix: 8)) on \(path): \(systemError)")
        }
        if ownership.owner != nil || ownership.group != nil {
            guard lchown(path, ownership.owner ?? .max, ownership.group ?? .max) == 0 else {
                throw .system(
                    "cannot give \(path) to its owner and group: \(systemError); that needs CAP_CHOWN, or a group of the daemon's own"
                )
            }
        }
        return result
    }

    private static func removeStale(_ path: String) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        try requireSocket(status, path)
        // No firnd holds the lock, but somebody else's program may serve this name.
        let probe = FileDescriptor(
            socket(
                AF_UNIX,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
                0
            )
        )
        let answer = SocketAddress.withUnix(path: path) { address, length in connect(probe.number, address, length) }
        guard answer != 0, errno == ECONNREFUSED else {
            throw .occupied("a program that is not firnd serves \(path); stop it, or listen elsewhere")
        }
        guard unlink(path) == 0 else {
            throw .system("cannot remove the stale socket \(path): \(systemError)")
        }
    }
}
