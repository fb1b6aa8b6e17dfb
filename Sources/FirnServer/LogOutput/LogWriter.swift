internal import Dispatch
internal import FirnWindows
internal import Glibc
internal import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that no thread that logs waits for the reader.
///
/// A line is passed in memory, and written at once when the reader accepts it. Otherwise it waits in a ``LogQueue``.
/// The thread starts with the first line, and runs until the process ends.
package final class LogWriter: Sendable {
    private struct State {
        var queue = LogQueue()
        var isStarted = false
        /// Whether the thread is writing an entry.
        var isWriting = false
        /// How many callers wait for the queue to be empty.
        var flushers = 0
        var isStopped = false
    }

    private let descriptor: Int32
    private let notice: @Sendable (UInt64) -> String
    private let state = Mutex(State())
    private let thread = Mutex<NativeThread?>(nil)
    // Semaphores need no descriptor, unlike ``Wakeup``: a process that has run out of descriptors can still log.
    private let wakeups = DispatchSemaphore(value: 0)
    private let emptied = DispatchSemaphore(value: 0)

    /// - Parameter notice: returns the line that reports how many lines are missing, with its line feed.
    package init(descriptor: Int32, notice: @escaping @Sendable (UInt64) -> String) {
        self.descriptor = descriptor
        self.notice = notice
    }

    /// Lines that were dropped, because the reader did not read or because writing to the descriptor failed.
    package var droppedLines: UInt64 { state.withLock { $0.queue.droppedInAll } }

    /// Queues a line, with its line feed. Never waits for the reader.
    package func write(_ line: String) {
        let starts = state.withLock { state in
            guard !state.isStopped else { return false }
            state.queue.append(Array(line.utf8))
            defer { state.isStarted = true }
            return !state.isStarted
        }
        if starts { thread.withLock { $0 = NativeThread(name: "log") { [self] in run() } } }
        wakeups.signal()
    }

    /// Waits until all lines are written or the descriptor has failed, for `limit` at most.
    ///
    /// - Returns: false on timeout.
    @discardableResult
    package func flush(within limit: Duration) -> Bool {
        let waits = state.withLock { state in
            guard !state.queue.isEmpty || state.isWriting else { return false }
            state.flushers += 1
            return true
        }
        guard waits else { return true }
        let milliseconds = Int(limit / .milliseconds(1))
        if emptied.wait(timeout: .now() + .milliseconds(milliseconds)) == .success { return true }
        state.withLock { $0.flushers -= 1 }
        return false
    }

    /// Drops the waiting lines and ends the thread, once its current write returns. Not needed in a process that ends.
    package func stop() {
        state.withLock { $0.isStopped = true }
        wakeups.signal()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        while true {
            wakeups.wait()
            while let entry = next() {
                if put(entry) { continue }
                // Writing is tried again with the next line: a file system may have room again.
                endTurn(puttingBack: entry)
                break
            }
            if state.withLock({ $0.isStopped }) { return }
        }
    }

    /// The next entry; `nil` when nothing waits.
    private func next() -> LogQueue.Entry? {
        let entry = state.withLock { state -> LogQueue.Entry? in
            guard !state.isStopped, let entry = state.queue.next() else { return nil }
            state.isWriting = true
            return entry
        }
        if entry == nil { endTurn(puttingBack: nil) }
        return entry
    }

    private func endTurn(puttingBack entry: LogQueue.Entry?) {
        let flushers = state.withLock { state in
            if let entry { state.queue.putBack(entry) }
            state.isWriting = false
            defer { state.flushers = 0 }
            return state.flushers
        }
        for _ in 0..<flushers { emptied.signal() }
    }

    /// Makes one write per line, so that the lines of several processes with one descriptor do not mix.
    ///
    /// - Returns: whether it was written.
    private func put(_ entry: LogQueue.Entry) -> Bool {
        var rest: ArraySlice<UInt8>
        switch entry {
        case .line(let bytes): rest = bytes[...]
        case .dropped(let count): rest = Array(notice(count).utf8)[...]
        }
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN {
                // The descriptor was made non-blocking, which affects all processes that share it.
                guard waitUntilWritable() else { return false }
            } else {
                return false
            }
        }
        return true
    }

    private func waitUntilWritable() -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while !state.withLock({ $0.isStopped }) {
            if poll(&watched, 1, 1000) != 0 { return true }
        }
        return false
    }
}
