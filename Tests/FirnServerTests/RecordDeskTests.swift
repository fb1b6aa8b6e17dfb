import FirnStore
import FirnTestSupport
import FirnWire
import Testing

@testable import FirnServer

@Suite struct RecordDeskTests {
    let store = MemoryStore()
    var desk: RecordDesk { RecordDesk(store: store, maximumWorker: 1023) }

    private func worker(generation: UInt64 = 1, limit: UInt64 = 100) -> String {
        WorkerRecord(
            generation: generation,
            limit: limit,
            holder: Holder(host: "h", pod: nil, pid: 1, instance: 5),
            writeToken: 6,
            renewedAtUnixMilliseconds: 7
        ).text
    }

    private func write(_ key: String, _ value: String, ifVersion: UInt64 = 0, ifValue: String = "")
        -> StoreReply.Content
    {
        desk.answer(.write([StoreCall.Write(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)]))
    }

    @Test func recordsAreReadAndWrittenAsInTheStore() throws {
        let written = write("workers/5", worker()).answers
        #expect(written == .results([.success(1)]))
        #expect(write("workers/5", worker(generation: 2)).answers == .results([.success(0)]))
        #expect(
            write("workers/5", worker(generation: 2), ifVersion: 1, ifValue: "another").answers
                == .results([.success(0)])
        )
        #expect(
            write("workers/5", worker(generation: 2), ifVersion: 1, ifValue: worker()).answers
                == .results([.success(2)])
        )
        let read = desk.answer(.read(["workers/5", "workers/6"])).answers
        #expect(
            read
                == .records([
                    .success(StoreAnswers.Record(key: "workers/5", value: worker(generation: 2), version: 2)),
                    .success(StoreAnswers.Record(key: "workers/6", value: "", version: 0)),
                ])
        )
        let page = desk.answer(.list(prefix: "workers/", after: "", limit: 10)).answers
        #expect(
            page
                == .records([.success(StoreAnswers.Record(key: "workers/5", value: worker(generation: 2), version: 2))])
        )
        #expect(desk.answer(.list(prefix: "workers/", after: "workers/5", limit: 10)).answers == .records([]))
        #expect(desk.answer(.highestVersion).answers == .highestVersion(2))
    }

    /// A daemon's records, and no others: the floor and the layout are the store's owner's.
    @Test(arguments: ["floor", "layout", "anything", "workersx"])
    func otherRecordsAreNotWritten(_ key: String) throws {
        let refusal = write(key, "text").refusal
        #expect(refusal?.code == .permissionDenied && refusal?.message.contains(key) == true)
        #expect(try store.read(key) == nil)
    }

    @Test func aRecordThatNoDaemonWouldReadIsNotWritten() throws {
        for (key, value) in [
            ("workers/5", "nonsense"), ("workers/05", worker()), ("workers/1024", worker()), ("workers/x", worker()),
            ("sequences/a", "nonsense"), ("workers/5", worker() + " more=1"),
        ] {
            #expect(write(key, value).refusal?.code == .invalidArgument, "\(key) \(value)")
            #expect(try store.read(key) == nil)
        }
        // Nor is any other of its request.
        let both = desk.answer(
            .write([
                StoreCall.Write(key: "workers/1", value: worker(), ifVersion: 0, ifValue: ""),
                StoreCall.Write(key: "workers/2", value: "x", ifVersion: 0, ifValue: ""),
            ])
        )
        #expect(both.refusal != nil)
        #expect(try store.read("workers/1") == nil)
    }

    @Test func aLongRecordIsNotWritten() {
        #expect(write("clock", String(repeating: "x", count: 2049)).refusal?.message.contains("2049") == true)
        #expect(write("clock", String(repeating: "x", count: 2048)).answers != nil)
    }

    @Test func oneRecordIsNotWrittenTwiceInARequest() {
        let write = StoreCall.Write(key: "workers/1", value: worker(), ifVersion: 0, ifValue: "")
        #expect(desk.answer(.write([write, write])).refusal?.code == .invalidArgument)
    }

    /// A store whose calls fail for one reason.
    private final class FailingStore: Store {
        let error: StoreError

        init(_ code: StoreError.Code) { error = StoreError(code: code, message: "m") }

        func read(_ key: String) throws(StoreError) -> StoredValue? { throw error }
        func list(prefix: String) throws(StoreError) -> [StoredRecord] { throw error }
        func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] { throw error }
        func write(
            _ key: String,
            _ value: String,
            ifVersion: UInt64?,
            ifValue: String?
        ) throws(StoreError) -> WriteOutcome { throw error }
        func highestVersion() throws(StoreError) -> UInt64 { throw error }
    }

    /// A sidecar does with each what it would do with its own store: stop, wait for somebody, or try again.
    @Test(
        arguments: [
            (.setBack, .aborted), (.replaced, .aborted), (.corrupt, .failedPrecondition),
            (.refused, .failedPrecondition), (.unavailable, .unavailable),
        ] as [(StoreError.Code, Status.Code)]
    )
    func aFailureOfTheStoreHasItsCode(_ failure: StoreError.Code, _ code: Status.Code) {
        let desk = RecordDesk(store: FailingStore(failure), maximumWorker: 1023)
        let refusals = [
            desk.answer(.list(prefix: "a", after: "", limit: 1)).refusal, desk.answer(.highestVersion).refusal,
        ]
        for refusal in refusals {
            #expect(refusal?.code == code && refusal?.retryAfterMilliseconds == (code == .unavailable ? 1000 : 0))
        }
    }

    @Test func aStoreThatFailsSaysSo() {
        store.isAvailable = false
        guard case .store(.records(let records)) = desk.answer(.read(["a"])), case .failure(let status)? = records.first
        else {
            Issue.record("each record has its own failure")
            return
        }
        #expect(status.code == .unavailable && status.retryAfterMilliseconds == 1000)
        #expect(desk.answer(.list(prefix: "a", after: "", limit: 1)).refusal?.code == .unavailable)
        #expect(desk.answer(.highestVersion).refusal?.code == .unavailable)
        guard case .store(.results(let results)) = write("workers/1", worker()), case .failure? = results.first else {
            Issue.record("each write has its own failure")
            return
        }
    }
}

extension StoreReply.Content {
    fileprivate var answers: StoreAnswers? { if case .store(let answers) = self { answers } else { nil } }
}
