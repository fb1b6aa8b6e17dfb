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

/// A Unix socket's file. The daemon holds the lock `PATH.lock` for it until it exits.
///
/// The lock file is never unlinked: when one daemon unlinks it, two others could each hold a lock on a file of that
/// name.
final class SocketFile: Sendable {
    private struct State {
        var lock: FileDescriptor
        /// The file that this process bound; `nil` before that, and after another file was found in its place.
        var bound: FileIdentity?
        var isClosed = false
    }

    private let path: String
    private let ownership: SocketOwnership
    private let state: Mutex<State>

    private struct FileIdentity: Equatable {
        let device: dev_t
        let inode: ino_t

        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }

        init?(_ descriptor: FileDescriptor) {
            var status = stat()
            guard fstat(descriptor.number, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
        }
    }

    init(path: String, ownership: SocketOwnership) throws(ListenError) {
        self.path = path
        self.ownership = ownership
        try Self.examine(path)
        state = Mutex(State(lock: try Self.locked(path)))
        try Self.removeStale(path)
    }

    deinit {
        close()
    }

    /// Removes the file. A file that replaced it belongs to another daemon or program, and is left alone.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if let bound = state.bound, bound == FileIdentity(path) { unlink(path) }
            state.bound = nil
        }
    }

    /// Whether the file that was bound is still the one at its path. True after it was closed.
    var isInPlace: Bool {
        state.withLock { state in
            state.isClosed || (state.bound != nil && state.bound == FileIdentity(path))
        }
    }

    /// A bound socket whose file has its mode and owner. Nobody can connect to it before listen().
    func bind() throws(ListenError) -> FileDescriptor {
        try state.withLock { state throws(ListenError) in try bind(&state) }
    }

    /// Does the same again, after the file was removed or replaced.
    ///
    /// - Returns: `nil` when it was closed in the meantime.
    /// - Throws: when the directory was removed too, or when the path is in use. A file at the path is left alone,
    ///   unless it is a socket on which no program listens.
    func bindAgain() throws(ListenError) -> FileDescriptor? {
        try state.withLock { state throws(ListenError) in
            guard !state.isClosed else { return nil }
            state.bound = nil
            // The lock file may have been removed with its directory, and another daemon may have created it again.
            if FileIdentity(path + ".lock") != FileIdentity(state.lock) { state.lock = try Self.locked(path) }
            try Self.removeStale(path)
            do throws(ListenError) {
                return try bind(&state)
            } catch {
                // A partial result is removed. Binding is tried again later.
                if let bound = state.bound, bound == FileIdentity(path) { unlink(path) }
                state.bound = nil
                throw error
            }
        }
    }

    private func bind(_ state: inout State) throws(ListenError) -> FileDescriptor {
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
        state.bound = FileIdentity(path)
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

    private static func locked(_ path: String) throws(ListenError) -> FileDescriptor {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .system(
                "cannot open \(lockPath), which guards the socket: \(systemError); check the directory and its permissions"
            )
        }
        let lock = FileDescriptor(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .occupied("another firnd serves \(path) (it holds \(lockPath)); stop that one, or listen elsewhere")
        }
        return lock
    }

    private static func removeStale(_ path: String) throws(ListenError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        try requireSocket(status, path)
        // No firnd holds the lock, but another program may listen at this path.
        let descriptor = socket(
            AF_UNIX,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            0
        )
        guard descriptor >= 0 else { throw .system("cannot make a Unix socket: \(systemError)") }
        let probe = FileDescriptor(descriptor)
        let answer = SocketAddress.withUnix(path: path) { address, length in connect(probe.number, address, length) }
        guard answer != 0, errno == ECONNREFUSED else {
            throw .occupied("a program that is not firnd serves \(path); stop it, or listen elsewhere")
        }
        guard unlink(path) == 0 else {
            throw .system("cannot remove the stale socket \(path): \(systemError)")
        }
    }
}
