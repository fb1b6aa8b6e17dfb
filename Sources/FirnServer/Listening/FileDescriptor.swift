internal import Glibc

/// A file descriptor that is closed when its last reference is released.
final class FileDescriptor: Sendable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }
}

/// The last system call's error, in words.
var systemError: String { String(cString: strerror(errno)) }
