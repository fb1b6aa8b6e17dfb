internal import CLinux
internal import Glibc

/// Wakes a thread that sleeps in epoll or in ``wait(nanoseconds:)`` (an eventfd(2)).
final class Wakeup: Sendable {
    private let descriptor: FileDescriptor

    init() throws(ListenError) {
        let number = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard number >= 0 else { throw .system("cannot make an eventfd: \(systemError)") }
        descriptor = FileDescriptor(number)
    }

    /// Readable from a signal until it is cleared.
    var number: Int32 { descriptor.number }

    func signal() {
        var one: UInt64 = 1
        // The counter is full only after 2^64 - 1 signals, and then the thread wakes anyway.
        _ = write(number, &one, MemoryLayout<UInt64>.size)
    }

    func clear() {
        var count: UInt64 = 0
        _ = read(number, &count, MemoryLayout<UInt64>.size)
    }

    /// Sleeps until a signal, for this time at most; may wake early.
    func wait(nanoseconds: Int64) {
        var watched = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        let milliseconds = (max(0, nanoseconds) / 1_000_000).addingReportingOverflow(1).partialValue
        _ = poll(&watched, 1, Int32(clamping: milliseconds))
        clear()
    }
}
