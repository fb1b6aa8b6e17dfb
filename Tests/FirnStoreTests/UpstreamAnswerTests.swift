import FirnStore
import FirnWire
import Synchronization
import Testing

@testable import FirnUpstream

/// What an upstream store makes of answers that are other than expected.
@Suite struct UpstreamAnswerTests {
    /// Gives the same answer to each call, and notes the calls.
    private final class Transport: UpstreamTransport {
        private let answer: Result<StoreAnswers, StoreError>
        private let calls = Mutex<[StoreCall]>([])

        init(_ answer: StoreAnswers) { self.answer = .success(answer) }

        var sent: [StoreCall] { calls.withLock { $0 } }

        func perform(_ calls: [StoreCall]) -> [Result<StoreAnswers, StoreError>] {
            self.calls.withLock { $0 += calls }
            return calls.map { _ in answer }
        }
    }

    private static let failed = Status(.failedPrecondition, "its disk is full")
    private static let record = StoreAnswers.Record(key: "workers/1", value: "v", version: 3)

    private func write(_ key: String, ifVersion: UInt64? = nil, ifValue: String? = nil) -> StoreWrite {
        StoreWrite(key: key, value: "v", ifVersion: ifVersion, ifValue: ifValue)
    }

    private func code<Value>(_ result: Result<Value, StoreError>) -> StoreError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    /// Else records would be taken for those of other keys.
    @Test func anAnswerForFewerOrMoreThanWereAskedForIsNone() {
        for count in [1, 3] {
            let read = UpstreamStore(Transport(.records(.init(repeating: .success(Self.record), count: count))))
            let values = read.read(["workers/1", "workers/2"])
            #expect(values.count == 2 && values.allSatisfy { code($0) == .unavailable }, "\(count)")
            let write = UpstreamStore(Transport(.results(.init(repeating: .success(1), count: count))))
            let outcomes = write.write([self.write("workers/1"), self.write("workers/2")])
            #expect(outcomes.count == 2 && outcomes.allSatisfy { code($0) == .unavailable }, "\(count)")
        }
        let other = UpstreamStore(Transport(.highestVersion(1)))
        #expect(code(other.read(["workers/1"])[0]) == .unavailable)
        #expect(code(other.write([write("workers/1")])[0]) == .unavailable)
        #expect(throws: StoreError.self) { try other.list(prefix: "workers/") }
        #expect(throws: StoreError.self) {
            try UpstreamStore(Transport(.results([.success(1)]))).highestVersion()
        }
    }

    /// A record that could not be read is not one that is not there: its worker would be claimed.
    @Test func aFailureOfOneRecordIsItsFailure() throws {
        let read = UpstreamStore(Transport(.records([.success(Self.record), .failure(Self.failed)])))
        let values = read.read(["workers/1", "workers/2"])
        #expect(try values[0].get()?.version == 3 && code(values[1]) == .refused)
        #expect(throws: StoreError.self) { try read.list(prefix: "workers/", after: nil, limit: 10) }
        let write = UpstreamStore(Transport(.results([.success(7), .failure(Self.failed), .success(0)])))
        let outcomes = write.write([self.write("workers/1"), self.write("workers/2"), self.write("workers/3")])
        #expect(try outcomes[0].get() == .written(version: 7) && outcomes[2].get() == .conflict)
        #expect(code(outcomes[1]) == .refused)
    }

    /// No record has version 0 or is empty, and in the message these say that none is expected: the write would overwrite.
    @Test func aWriteThatExpectsWhatNoRecordHasIsAConflict() throws {
        let transport = Transport(.results([.success(9)]))
        let store = UpstreamStore(transport)
        let outcomes = store.write([
            write("workers/1", ifVersion: 0), write("workers/2", ifVersion: 4),
            write("workers/3", ifVersion: 4, ifValue: ""),
        ])
        #expect(try outcomes.map { try $0.get() } == [.conflict, .written(version: 9), .conflict])
        guard case .write(let writes)? = transport.sent.first else {
            Issue.record("one can be done")
            return
        }
        #expect(transport.sent.count == 1 && writes.map(\.key) == ["workers/2"])
    }
}
