internal import FirnEngine
package import FirnStore
internal import Synchronization

/// A store whose calls are counted and timed.
///
/// Of several reads or writes in one call, each is counted, with the time that the whole call took: none has its result
/// earlier.
package final class MeteredStore: Store {
    private let store: any Store
    private let meter: StoreMeter
    private let clock: any TimeSource

    package init(_ store: any Store, meter: StoreMeter) {
        self.store = store
        self.meter = meter
        clock = SystemTimeSource()
    }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        try measured(.read, { _ in false }) { () throws(StoreError) in try store.read(key) }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try measured(.list, { _ in false }) { () throws(StoreError) in try store.list(prefix: prefix) }
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        try measured(.list, { _ in false }) { () throws(StoreError) in
            try store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try measured(.write, { $0 == .conflict }) { () throws(StoreError) in
            try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
        }
    }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        measuredEach(.read, { _ in false }) { store.read(keys) }
    }

    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        measuredEach(.write, { $0 == .conflict }) { store.write(writes) }
    }

    /// Counted as a read.
    package func highestVersion() throws(StoreError) -> UInt64 {
        try measured(.read, { _ in false }) { () throws(StoreError) in try store.highestVersion() }
    }

    private func measured<Value>(
        _ operation: StoreOperation,
        _ isConflict: (Value) -> Bool,
        _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try measuredEach(operation, isConflict) { [Result { () throws(StoreError) in try body() }] }[0].get()
    }

    private func measuredEach<Value>(
        _ operation: StoreOperation,
        _ isConflict: (Value) -> Bool,
        _ body: () -> [Result<Value, StoreError>]
    ) -> [Result<Value, StoreError>] {
        let began = clock.bootNanoseconds()
        let results = body()
        let took = clock.bootNanoseconds() - began
        let now = clock.wallNanoseconds()
        for result in results {
            switch result {
            case .success(let value):
                meter.ended(operation, isConflict(value) ? "conflict" : "ok", after: took, error: nil, at: now)
            case .failure(let error):
                meter.ended(operation, "\(error.code)", after: took, error: error, at: now)
            }
        }
        return results
    }
}

/// The kinds of calls to a store.
package enum StoreOperation: String, CaseIterable, Sendable {
    case read, list, write
}

/// Counts the calls to a daemon's store, their outcomes and how long they took. There are some calls per second, from a
/// few threads.
package final class StoreMeter: Sendable {
    private let state = Mutex(StoreReading())
    private let latencies: Latencies

    /// One for each operation.
    private struct Latencies: ~Copyable, Sendable {
        let read = LatencyHistogram()
        let list = LatencyHistogram()
        let write = LatencyHistogram()
    }

    package init() {
        latencies = Latencies()
    }

    /// - Parameters:
    ///   - outcome: `ok`, `conflict`, or the error's code: a dozen values.
    ///   - now: nanoseconds since 1970, by the wall clock.
    func ended(
        _ operation: StoreOperation,
        _ outcome: String,
        after nanoseconds: Int64,
        error: StoreError?,
        at now: Int64
    ) {
        state.withLock { state in
            state.outcomes[operation, default: [:]][outcome, default: 0] += 1
            if let error {
                state.lastError = StoreReading.Failure(message: "\(error)", unixNanoseconds: now)
            } else {
                state.lastAnswerUnixNanoseconds = now
            }
        }
        switch operation {
        case .read: latencies.read.observeShared(nanoseconds: nanoseconds)
        case .list: latencies.list.observeShared(nanoseconds: nanoseconds)
        case .write: latencies.write.observeShared(nanoseconds: nanoseconds)
        }
    }

    package var reading: StoreReading {
        var reading = state.withLock { $0 }
        reading.latencies = [
            .read: latencies.read.reading, .list: latencies.list.reading, .write: latencies.write.reading,
        ]
        return reading
    }
}

/// What a ``StoreMeter`` has counted.
package struct StoreReading: Sendable, Equatable {
    package struct Failure: Sendable, Equatable {
        /// The store's own message.
        package var message: String
        package var unixNanoseconds: Int64
    }

    /// The number of calls for each operation and outcome.
    package var outcomes: [StoreOperation: [String: UInt64]] = [.read: ["ok": 0], .list: ["ok": 0], .write: ["ok": 0]]
    package var latencies: [StoreOperation: LatencyReading] = [:]
    /// When it last answered; a conflict is an answer too. `nil` when it never has.
    package var lastAnswerUnixNanoseconds: Int64?
    /// The last error. The store may have answered since.
    package var lastError: Failure?

    package init() {}

    /// Whether its last outcome was an error.
    package var isFailing: Bool {
        guard let lastError else { return false }
        return lastAnswerUnixNanoseconds.map { $0 <= lastError.unixNanoseconds } ?? true
    }
}
