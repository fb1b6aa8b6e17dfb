import EtcdTestSupport
import FirnEtcd
import FirnStore
import Foundation
import Synchronization
import Testing

/// Several reads and writes in one call to etcd, and what becomes of them when a server fails.
@Suite struct EtcdBatchTests {
    private func store(_ endpoints: [EtcdEndpoint], timeout: Duration = .seconds(60)) -> EtcdStore {
        var configuration = EtcdConfiguration(endpoints: endpoints)
        configuration.timeout = timeout
        return EtcdStore(configuration)
    }

    private func endpoint(_ port: UInt16) -> EtcdEndpoint { EtcdEndpoint(host: "127.0.0.1", port: port) }

    private func new(_ count: Int) -> [StoreWrite] {
        (0..<count).map { StoreWrite(key: "a/\($0)", value: "1", ifVersion: nil) }
    }

    /// etcd counts its transactions: 1,000 writes are 16 of them, on one connection.
    @Test func aThousandWritesAreAFewTransactions() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        let store = store([endpoint(proxy.port)])
        let before = try store.highestVersion()
        #expect(try store.write(new(1000)).allSatisfy { try $0.get() != .conflict })
        #expect(try store.highestVersion() == before + 16)
        #expect(try store.read(new(1000).map(\.key)).allSatisfy { try $0.get()?.value == "1" })
        #expect(proxy.connections == 1)
    }

    @Test func aDeadEndpointIsPassedOver() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: 1)
        proxy.close()
        // Never sent to the dead one, so the writes may go on too.
        let store = store([endpoint(proxy.port), server.endpoint])
        #expect(try store.write(new(300)).allSatisfy { try $0.get() != .conflict })
        let other = self.store([endpoint(proxy.port), server.endpoint])
        #expect(try other.read(new(300).map(\.key)).allSatisfy { try $0.get()?.value == "1" })
    }

    @Test func writesWhoseAnswersAreLostAreInDoubtAndReadsGoToTheNext() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        // The other endpoint must not be tried for a write that was sent: it would meet itself and be called a conflict.
        let store = store([endpoint(proxy.port), server.endpoint])
        #expect(try store.read("a/0") == nil)
        proxy.become(.loseAnswers)
        let results = store.write(new(100))
        #expect(results.count == 100)
        for (number, result) in results.enumerated() {
            // The second transaction may not have been sent when the answer to the first one cut the connection. Then it is
            // made on the other endpoint.
            if number >= 64, case .success(.written) = result { continue }
            guard case .failure(let error) = result else { return #expect(Bool(false), "\(number): \(result)") }
            #expect(error.code == .unavailable && error.leavesDoubt && error.message.contains("may have been done"))
            #expect(error.message.contains("a/\(number) "), "each error names its own record: \(error)")
        }
        // Each transaction is done as a whole, or was cut off with the answer of the other one.
        let stored = try #require(
            eventually {
                let stored = store.read(new(100).map(\.key)).map { (try? $0.get())?.value }
                return stored.contains("1") ? stored : nil
            }
        )
        #expect(Set(stored[..<64]).count == 1 && Set(stored[64...]).count == 1)
    }

    /// One that hangs costs a call its timeout once, however many writes it has.
    @Test func aServerThatHangsCostsNoMoreThanTheTimeout() throws {
        let server = try EtcdServer()
        let patient = store([server.endpoint])
        _ = try patient.write("a", "1", ifVersion: nil)
        let store = store([server.endpoint], timeout: .seconds(1))
        #expect(eventually { try? store.read("a") } != nil)
        let isAnswered = Atomic(false)
        try server.pause()
        let asking = Thread {
            _ = try? patient.read("a")
            isAnswered.store(true, ordering: .releasing)
        }
        asking.start()
        // More than may be in progress at once.
        let results = store.write(new(10_000))
        let patientIsAnswered = isAnswered.load(ordering: .acquiring)
        #expect(!patientIsAnswered, "a call of a second took as long as one of a minute")
        #expect(results.allSatisfy { (try? $0.get()) == nil })
        server.resume()
        #expect(eventually { isAnswered.load(ordering: .acquiring) ? true : nil } == true)
    }

    /// Not even a write is in doubt when a token was forgotten: it was refused before it was made.
    @Test func aForgottenTokenIsRenewed() throws {
        let server = try EtcdServer()
        try server.requirePasswords(root: "r", firn: "secret")
        var configuration = EtcdConfiguration(endpoints: [server.endpoint])
        configuration.timeout = .seconds(60)
        configuration.credentials = .init(user: "firn", password: "secret")
        let store = EtcdStore(configuration)
        _ = try store.read("a")
        try server.forgetTokens(root: "r", firn: "secret")
        #expect(try store.write(new(200)).allSatisfy { try $0.get() != .conflict })
        try server.forgetTokens(root: "r", firn: "secret")
        #expect(try store.read(new(200).map(\.key)).allSatisfy { try $0.get()?.value == "1" })
        configuration.keyPrefix = "/others/"
        for result in EtcdStore(configuration).read(new(2).map(\.key)) {
            let error = #expect(throws: StoreError.self) { try result.get() }
            #expect(error?.code == .refused && error?.message.contains("--etcd-prefix") == true, "\(result)")
        }
    }

    @Test func whatIsNotTextFailsAlone() throws {
        let server = try EtcdServer()
        let store = store([server.endpoint])
        _ = store.write(new(3))
        let (key, value) = (Data("/firn/a/1".utf8).base64EncodedString(), Data([0xFF]).base64EncodedString())
        try server.post("/v3/kv/put", #"{"key":"\#(key)","value":"\#(value)"}"#)
        let results = store.read(new(3).map(\.key))
        #expect(try results[0].get()?.value == "1" && results[2].get()?.value == "1")
        let error = #expect(throws: StoreError.self) { try results[1].get() }
        #expect(error?.code == .corrupt && error?.message.contains("/firn/a/1") == true)
    }

    /// What was answered is there; what was not may be.
    @Test func killedWhileItIsWrittenTo() throws {
        let server = try EtcdServer(EtcdServer.Options(syncs: true))
        let store = store([server.endpoint], timeout: .seconds(2))
        let keys = (0..<150).map { "n/\($0)" }
        _ = store.write(keys.map { StoreWrite(key: $0, value: "0", ifVersion: nil) })
        let answered = Mutex(keys.map { _ in 0 })
        let inDoubt = Mutex(keys.map { _ in 0 })
        let rounds = Atomic(0)
        let stops = Atomic(false)
        let done = DispatchSemaphore(value: 0)
        let writer = Thread {
            while !stops.load(ordering: .relaxed) {
                let stored = store.read(keys).map { try? $0.get() }
                let known = keys.indices.compactMap { index in stored[index].map { (index, $0) } }
                let results = store.write(
                    known.map { index, stored in
                        let next = String(Int(stored.value)! + 1)
                        return StoreWrite(key: keys[index], value: next, ifVersion: stored.version)
                    }
                )
                for ((index, _), result) in zip(known, results) {
                    switch result {
                    case .success(.written): answered.withLock { $0[index] += 1 }
                    case .success(.conflict): continue
                    case .failure(let error):
                        if error.message.contains("may have been done") { inDoubt.withLock { $0[index] += 1 } }
                    }
                }
                if results.contains(where: { (try? $0.get()) != nil }) { rounds.wrappingAdd(1, ordering: .relaxed) }
            }
            done.signal()
        }
        writer.start()
        for _ in 0..<3 {
            let before = rounds.load(ordering: .relaxed)
            #expect(eventually { rounds.load(ordering: .relaxed) > before + 10 ? true : nil } != nil)
            server.kill()
            try server.restart()
        }
        stops.store(true, ordering: .relaxed)
        done.wait()
        let stored = try #require(eventually { try? store.read(keys).map { try $0.get() } })
        let (sure, perhaps) = (answered.withLock { $0 }, inDoubt.withLock { $0 })
        for index in keys.indices {
            let count = try #require(Int(stored[index]?.value ?? ""))
            #expect(count >= sure[index] && count <= sure[index] + perhaps[index], "\(keys[index])")
        }
        #expect(sure.allSatisfy { $0 > 30 })
    }
}
