import FirnStore
import FirnTestSupport
import FirnWire
import Synchronization
import Testing

@testable import FirnUpstream

/// Requests to another daemon's store, without the sockets between.
final class DirectTransport: UpstreamTransport {
    private let store: any Store
    private let state = Mutex([StoreCall]())

    init(_ store: any Store) {
        self.store = store
    }

    var sent: [StoreCall] { state.withLock { $0 } }

    func perform(_ calls: [StoreCall]) -> [Result<StoreAnswers, StoreError>] {
        calls.map { call in
            state.withLock { $0.append(call) }
            return answer(call)
        }
    }

    private func answer(_ call: StoreCall) -> Result<StoreAnswers, StoreError> {
        switch call {
        case .read(let keys):
            return .success(
                .records(
                    zip(keys, store.read(keys)).map { key, result in
                        switch result {
                        case .success(let value):
                            .success(
                                StoreAnswers.Record(
                                    key: key,
                                    value: value?.value ?? "",
                                    version: value?.version ?? 0
                                )
                            )
                        case .failure(let error): .failure(Status(.unavailable, error.message))
                        }
                    }
                )
            )
        case .write(let writes):
            let all = writes.map {
                StoreWrite(
                    key: $0.key,
                    value: $0.value,
                    ifVersion: $0.ifVersion == 0 ? nil : $0.ifVersion,
                    ifValue: $0.ifValue.isEmpty ? nil : $0.ifValue
                )
            }
            return .success(
                .results(
                    store.write(all).map { outcome in
                        switch outcome {
                        case .success(let outcome): .success(outcome.version ?? 0)
                        case .failure(let error): .failure(Status(.unavailable, error.message))
                        }
                    }
                )
            )
        case .list(let prefix, let after, let limit):
            return Result { () throws(StoreError) in
                .records(
                    try store.list(prefix: prefix, after: after.isEmpty ? nil : after, limit: Int(limit)).map {
                        .success(StoreAnswers.Record(key: $0.key, value: $0.value, version: $0.version))
                    }
                )
            }
        case .highestVersion:
            return Result { () throws(StoreError) in .highestVersion(try store.highestVersion()) }
        }
    }
}

/// What all stores promise is in StoreContractTests.
@Suite struct UpstreamStoreTests {
    let memory = MemoryStore()

    /// A daemon reads requests of 4 KiB.
    @Test func noRequestIsLongerThanADaemonReads() throws {
        let transport = DirectTransport(memory)
        let store = UpstreamStore(transport)
        let keys = (0..<1000).map { "workers/\($0 * 4_000_000)" }
        let value = String(repeating: "v", count: 700)
        for write in store.write(keys.map { StoreWrite(key: $0, value: value, ifVersion: nil, ifValue: nil) }) {
            #expect(try write.get().version != nil)
        }
        for read in store.read(keys) { #expect(try read.get()?.value == value) }
        #expect(try store.list(prefix: "workers/").count == 1000)
        #expect(transport.sent.count > 200)
        for call in transport.sent {
            let buffer = FrameBuffer()
            buffer.appendRequest(Request(callID: .max, timeoutMilliseconds: .max, method: .store(call)))
            buffer.withUnsafeBytes { #expect($0.count <= Frame.headerLength + Frame.maximumRequestLength) }
            if case .read(let keys) = call { #expect(keys.count <= StoreCall.maximumCount) }
        }
    }

    /// Three pages, of which the second is as full as a page can be.
    @Test(arguments: [0, 1, 255, 256, 257, 512, 600]) func aListIsOfAllPages(_ count: Int) throws {
        for number in 0..<count { _ = try memory.write("workers/\(number)", "v", ifVersion: nil) }
        let transport = DirectTransport(memory)
        let store = UpstreamStore(transport)
        #expect(try store.list(prefix: "workers/") == (try memory.list(prefix: "workers/")))
        #expect(transport.sent.count == count / Int(StoreCall.maximumPage) + 1)
        let page = try store.list(prefix: "workers/", after: nil, limit: 300)
        #expect(page == (try memory.list(prefix: "workers/", after: nil, limit: 300)))
    }

    @Test func whatTheDaemonSaysOfItsStoreIsWhatTheStoreSays() {
        let codes: [(Status.Code, StoreError.Code)] = [
            (.aborted, .setBack), (.failedPrecondition, .refused), (.permissionDenied, .refused),
            (.unimplemented, .refused), (.unauthenticated, .refused), (.invalidArgument, .refused),
            (.unavailable, .unavailable), (.deadlineExceeded, .unavailable), (.resourceExhausted, .unavailable),
        ]
        for (status, code) in codes { #expect(StoreError(Status(status, "m")).code == code) }
    }

    /// A whole life of two daemons on one store behind a third.
    @Test func workersAreClaimedAndExtendedThroughAnotherDaemon() throws {
        var random = SeededGenerator(seed: 1)
        let transport = DirectTransport(memory)
        func claims(_ instance: UInt64) -> WorkerClaims {
            WorkerClaims(
                store: UpstreamStore(transport),
                holder: Holder(host: "h", pod: nil, pid: 1, instance: instance),
                maximumWorker: 1,
                maximumTick: 1 << 40,
                windowTicks: 100
            )
        }
        func at(_ tick: UInt64) -> StoreInstant { StoreInstant(tick: tick, unixMilliseconds: tick) }
        guard case .claimed(let held) = try claims(1).claim(.fixed(0), at: at(1000), using: &random) else {
            Issue.record("it is free")
            return
        }
        guard case .holding(let extended) = claims(1).extend(held, toLimit: 1200, at: at(1050), using: &random) else {
            Issue.record("it is its own")
            return
        }
        #expect(extended.limit == 1200)
        guard case .held = try claims(2).claim(.fixed(0), at: at(1060), using: &random) else {
            Issue.record("it is held")
            return
        }
        #expect(claims(1).release(extended, firstUnusedTick: 1061, at: at(1060)) == .released(limit: 1061))
    }
}
