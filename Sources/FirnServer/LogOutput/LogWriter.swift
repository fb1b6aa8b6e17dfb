internal import Dispatch
internal import Glibc
internal import Synchronization

/// Writes lines to a descriptor on a thread of its own, so that none of the threads that log waits for the reader.
///
/// A line is handed over in memory and written at once, where the reader takes it. While it does not, lines wait in a
/// ``LogQueue``. The thread starts with the first line, and lives as long as the process.
package final class LogWriter: Sendable {
    private struct State {
        var queue = LogQueue()
        var isStarted = false
        /// The thread has an entry in its hands.
        var isWriting = false
        /// How many wait for the queue to be empty.
        var flushers = 0
        var isStopped = false
    }

    private let descriptor: Int32
    private let notice: @Sendable (UInt64) -> String
    private let state = Mutex(State())
    private let thread = Mutex<NativeThread?>(nil)
    // Semaphores and not wake-ups: they need no descriptor, and a process that has none left has something to say.
    private let wakeups = DispatchSemaphore(value: 0)
    private let emptied = DispatchSemaphore(value: 0)

    /// - Parameter notice: the line that says that so many are missing, with its line feed.
    package init(descriptor: Int32, notice: @escaping @Sendable (UInt64) -> String) {
        self.descriptor = descriptor
        self.notice = notice
    }

    /// Lines that found no room, because the reader stood still or the descriptor could not be written.
    package var droppedLines: UInt64 { state.withLock { $0.queue.droppedInAll } }

    /// Hands a line over, with its line feed. Never waits for the reader.
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

    /// Waits until all lines are written or the descriptor has failed, or for so long.
    ///
    /// - Returns: false when the time was over.
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

    /// Drops what waits and ends the thread, once its reader lets it go. A process that ends has no need of it.
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
                // The next line tries anew: a file system has room again, or never will.
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

    /// One write for a line, so that lines of several processes with one descriptor do not mix.
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
                // Somebody made the descriptor non-blocking, which all who share it see.
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
