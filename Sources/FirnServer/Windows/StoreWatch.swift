package import FirnEngine
package import FirnStore
package import Logging
internal import Synchronization

/// Records which threads wait for the store or the disk, and lets another thread report a long wait: a thread that
/// hangs in a system call cannot report it itself.
///
/// While no thread waits, it causes no wake-ups. A thread that begins to wait sets an alarm, and cancels it when the
/// answer has arrived.
package final class StoreWatch: Sendable {
    private struct State {
        var table: StallTable
        var alarmAt: Int64?
    }

    private let state: Mutex<State>
    private let logger: Logger
    private let setAlarm: @Sendable (Int64?) -> Void
    private let clock: any TimeSource

    /// - Parameters:
    ///   - patience: longer than a call that fails with its own timeout.
    ///   - setAlarm: schedules a call of ``look()`` after this number of nanoseconds, which replaces the previous one;
    ///     `nil`: cancels it.
    package init(
        patience: Duration,
        logger: Logger,
        clock: any TimeSource = SystemTimeSource(),
        setAlarm: @escaping @Sendable (Int64?) -> Void
    ) {
        state = Mutex(State(table: StallTable(patience: patience.nanoseconds)))
        self.logger = logger
        self.clock = clock
        self.setAlarm = setAlarm
    }

    /// Runs an operation that may wait for a disk or another host.
    package func during<Result, Failure>(
        _ operation: String,
        _ key: String = "",
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let number = change { table, now in
            table.began(StallTable.Waited(operation: operation, key: key), now: now)
        }
        defer {
            if let stall = change({ table, now in table.ended(number, now: now) }) {
                logger.notice("the wait for the store, or its disk, is over", metadata: Self.metadata(stall))
            }
        }
        return try body()
    }

    /// The alarm has fired: reports the waits that are due.
    package func look() {
        for stall in change({ table, now in table.due(now: now) }) {
            logger.warning(
                "a thread waits for the store, or its disk; IDs are given out until the window ends",
                metadata: Self.metadata(stall)
            )
        }
    }

    /// The longest of the reported waits, as text.
    package var longestWait: String? {
        let now = clock.bootNanoseconds()
        return state.withLock { $0.table.longest(now: now) }.map { "\($0.what) has taken \(Self.seconds($0)) so far" }
    }

    private func change<Result>(_ body: (inout StallTable, Int64) -> Result) -> Result {
        let now = clock.bootNanoseconds()
        // The alarm is set under the lock: of two threads, the later one sets the final alarm.
        return state.withLock { state in
            let result = body(&state.table, now)
            if state.table.nextDue != state.alarmAt {
                state.alarmAt = state.table.nextDue
                setAlarm(state.alarmAt.map { max(1, $0 - now) })
            }
            return result
        }
    }

    private static func metadata(_ stall: StallTable.Stall) -> Logger.Metadata {
        ["waits_for": "\(stall.what)", "time": "\(seconds(stall))"]
    }

    private static func seconds(_ stall: StallTable.Stall) -> String {
        let tenths = stall.nanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

/// A store whose calls are watched.
package final class WatchedStore: Store {
    private let store: any Store
    private let watch: StoreWatch

    package init(_ store: any Store, watch: StoreWatch) {
        self.store = store
        self.watch = watch
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        try watch.during("read", key) { () throws(StoreError) in try store.read(key) }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try watch.during("list", prefix) { () throws(StoreError) in try store.list(prefix: prefix) }
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try watch.during("list", prefix) { () throws(StoreError) in
            try store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try watch.during("write", key) { () throws(StoreError) in
            try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
        }
    }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        watch.during("read", Self.text(keys.first, keys.count)) { store.read(keys) }
    }

    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        watch.during("write", Self.text(writes.first?.key, writes.count)) { store.write(writes) }
    }

    private static func text(_ first: String?, _ count: Int) -> String {
        guard let first, count > 1 else { return first ?? "" }
        return "\(first) and \(count - 1) more"
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        try watch.during("read", "versions") { () throws(StoreError) in try store.highestVersion() }
    }
}
