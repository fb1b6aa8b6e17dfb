import FirnStore
import Glibc
import Synchronization

/// A store that counts the calls made to it, and lets each take a time as over a network.
final class CountingStore: Store {
    private struct Counts {
        var calls = 0
        var atOnce = 0
        var mostAtOnce = 0
        var largestBatch = 0
    }

    let memory: MemoryStore
    private let roundTripMicroseconds: UInt32
    private let counts = Mutex(Counts())

    init(_ memory: MemoryStore = MemoryStore(), roundTripMicroseconds: UInt32 = 0) {
        self.memory = memory
        self.roundTripMicroseconds = roundTripMicroseconds
    }

    /// Since it was made or ``reset()``.
    var calls: Int { counts.withLock(\.calls) }
    var mostAtOnce: Int { counts.withLock(\.mostAtOnce) }
    /// The most reads or writes that one call had.
    var largestBatch: Int { counts.withLock(\.largestBatch) }

    func reset() { counts.withLock { $0 = Counts() } }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        try counted(1) { () throws(StoreError) in try memory.read(key) }
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try counted(1) { () throws(StoreError) in try memory.list(prefix: prefix) }
    }

    func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try pageOfAll(prefix: prefix, after: after, limit: limit)
    }

    func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try counted(1) { () throws(StoreError) in
            try memory.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
        }
    }

    func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        counted(keys.count) { memory.read(keys) }
    }

    func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        counted(writes.count) { memory.write(writes) }
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        try counted(1) { () throws(StoreError) in try memory.highestVersion() }
    }

    private func counted<Value, Failure>(_ size: Int, _ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        counts.withLock { counts in
            counts.calls += 1
            counts.atOnce += 1
            counts.mostAtOnce = max(counts.mostAtOnce, counts.atOnce)
            counts.largestBatch = max(counts.largestBatch, size)
        }
        defer { counts.withLock { $0.atOnce -= 1 } }
        if roundTripMicroseconds > 0 { usleep(roundTripMicroseconds) }
        return try body()
    }
}
