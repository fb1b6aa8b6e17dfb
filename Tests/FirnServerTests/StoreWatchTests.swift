import FirnEngine
import FirnStore
import FirnWindows
import Glibc
import Logging
import Synchronization
import Testing

@testable import FirnServer

/// A thread that hangs is told by another.
@Suite struct StallTableTests {
    private let second: Int64 = 1_000_000_000

    @Test func aWaitIsToldWhenItIsLongAndEachTimeThatItHasDoubled() {
        var table = StallTable(patience: 2 * second)
        let what = StallTable.Waited(operation: "write", key: "workers/3")
        #expect(table.nextDue == nil && table.longest(now: 0) == nil)
        let number = table.began(what, now: 10 * second)
        #expect(table.nextDue == 12 * second)
        #expect(table.due(now: 11 * second).isEmpty && table.longest(now: 11 * second) == nil)
        #expect(table.due(now: 12 * second) == [StallTable.Stall(what: what, nanoseconds: 2 * second)])
        #expect(table.nextDue == 14 * second)
        #expect(table.due(now: 13 * second).isEmpty)
        // Late, as after a pause of the whole process.
        #expect(table.due(now: 20 * second).map(\.nanoseconds) == [10 * second])
        #expect(table.nextDue == 30 * second)
        #expect(table.longest(now: 25 * second)?.nanoseconds == 15 * second)
        #expect(table.ended(number, now: 26 * second)?.nanoseconds == 16 * second)
        #expect(table.nextDue == nil)
    }

    @Test func aShortWaitIsNeverTold() {
        var table = StallTable(patience: 2 * second)
        let number = table.began(StallTable.Waited(operation: "read", key: "layout"), now: 0)
        #expect(table.ended(number, now: second) == nil)
        #expect(table.due(now: 100 * second).isEmpty)
    }

    @Test func theEarliestOfSeveralIsTheNext() {
        var table = StallTable(patience: 2 * second)
        let what = StallTable.Waited(operation: "read", key: "layout")
        let first = table.began(what, now: 0)
        let other = table.began(what, now: second)
        #expect(table.nextDue == 2 * second)
        _ = table.ended(first, now: second)
        #expect(table.nextDue == 3 * second)
        _ = table.ended(other, now: second)
        #expect(table.nextDue == nil)
    }
}

@Suite struct StoreWatchTests {
    /// Stands for the timer, and for the thread that it wakes.
    private final class Alarm: Sendable {
        let nanoseconds = Mutex<Int64?>(nil)
    }

    @Test func aStoreThatHangsIsToldByAnotherThreadAndItsReturnToo() throws {
        let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
        let log = RecordedLog()
        let alarm = Alarm()
        let watch = StoreWatch(patience: .seconds(2), logger: log.logger, clock: time) { after in
            alarm.nanoseconds.withLock { $0 = after }
        }
        let gate = Barrier()
        let store = WatchedStore(BarredStore(gate: gate), watch: watch)
        let reader = NativeThread(name: "reader") { _ = try? store.read("layout") }
        while !gate.someoneWaits { usleep(100) }
        #expect(alarm.nanoseconds.withLock { $0 } == 2_000_000_000)
        #expect(watch.longestWait == nil)
        time.advance(nanoseconds: 2_500_000_000)
        watch.look()
        #expect(log.lines == ["a thread waits for the store, or its disk; IDs are given out until the window ends"])
        #expect(watch.longestWait == "read layout has taken 2.5 s so far")
        #expect(alarm.nanoseconds.withLock { $0 } == 2_500_000_000)
        gate.open()
        reader.join()
        #expect(log.lines.last == "the wait for the store, or its disk, is over")
        #expect(watch.longestWait == nil && alarm.nanoseconds.withLock { $0 } == nil)
    }

    @Test func aCallOfSeveralReadsSaysHowMany() throws {
        let time = ScriptedTime(unixNanoseconds: ScriptedHost.start)
        let watch = StoreWatch(patience: .seconds(2), logger: RecordedLog().logger, clock: time) { _ in }
        let gate = Barrier()
        let store = WatchedStore(BarredStore(gate: gate), watch: watch)
        let reader = NativeThread(name: "reader") { _ = store.read(["sequences/a", "sequences/b", "sequences/c"]) }
        while !gate.someoneWaits { usleep(100) }
        time.advance(nanoseconds: 2_500_000_000)
        watch.look()
        #expect(watch.longestWait == "read sequences/a and 2 more has taken 2.5 s so far")
        gate.open()
        reader.join()
        #expect(watch.longestWait == nil)
    }
}

/// Keeps threads waiting.
private final class Barrier: Sendable {
    private let isOpen = Atomic(false)
    private let waits = Atomic(false)

    var someoneWaits: Bool { waits.load(ordering: .acquiring) }

    func open() { isOpen.store(true, ordering: .releasing) }

    func pass() {
        waits.store(true, ordering: .releasing)
        while !isOpen.load(ordering: .acquiring) { usleep(100) }
    }
}

/// As one on a disk that stands still.
private final class BarredStore: Store {
    private let store = MemoryStore()
    private let gate: Barrier

    init(gate: Barrier) { self.gate = gate }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        gate.pass()
        return try store.read(key)
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] { try store.list(prefix: prefix) }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try pageOfAll(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
    }

    func highestVersion() throws(StoreError) -> UInt64 { try store.highestVersion() }
}

/// A log that a test reads.
private final class RecordedLog: Sendable {
    private let messages = Mutex<[String]>([])

    var lines: [String] { messages.withLock { $0 } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: RecordedLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.messages.withLock { $0.append("\(event.message)") }
        }
    }
}
