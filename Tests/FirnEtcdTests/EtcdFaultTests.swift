import EtcdTestSupport
import FirnEtcd
import FirnStore
import Foundation
import Synchronization
import Testing

/// Servers that die, hang or lose what they said.
@Suite struct EtcdFaultTests {
    /// Long enough for a busy machine, unless the test is about its end.
    func store(_ endpoints: [EtcdEndpoint], timeout: Duration = .seconds(60)) -> EtcdStore {
        var configuration = EtcdConfiguration(endpoints: endpoints)
        configuration.timeout = timeout
        return EtcdStore(configuration)
    }

    func endpoint(_ port: UInt16) -> EtcdEndpoint { EtcdEndpoint(host: "127.0.0.1", port: port) }

    /// A port on which nobody listens.
    func deadEndpoint() throws -> EtcdEndpoint {
        let proxy = try FaultyProxy(to: 1)
        proxy.close()
        return endpoint(proxy.port)
    }

    @Test func aDeadEndpointIsPassedOver() throws {
        let server = try EtcdServer()
        // Never sent to the dead one, so a write may go on too.
        let first = store([try deadEndpoint(), server.endpoint])
        let version = try #require(try first.write("a", "1", ifVersion: nil).version)
        let second = store([try deadEndpoint(), server.endpoint])
        #expect(try second.read("a") == StoredValue(value: "1", version: version))
    }

    @Test func nobodyThereSaysWhereAndWhy() throws {
        let endpoints = [try deadEndpoint(), try deadEndpoint()]
        let error = try #require(throws: StoreError.self) { try store(endpoints).read("a") }
        #expect(error.code == .unavailable && error.exitCode == 74)
        for endpoint in endpoints { #expect(error.message.contains("\(endpoint): cannot connect: Connection refused")) }
    }

    @Test func aServerThatHangsCostsNoMoreThanTheTimeout() throws {
        let server = try EtcdServer()
        // One that is given a minute for one call, to see which is done first.
        let patient = self.store([server.endpoint])
        let version = try #require(try patient.write("a", "1", ifVersion: nil).version)
        let store = store([server.endpoint], timeout: .seconds(1))
        #expect(eventually { try? store.read("a") } != nil, "it has its connection before the server hangs")
        let isAnswered = Atomic(false)
        try server.pause()
        let asking = Thread {
            _ = try? patient.read("a")
            isAnswered.store(true, ordering: .releasing)
        }
        asking.start()
        let read = try #require(throws: StoreError.self) { try store.read("a") }
        let write = try #require(throws: StoreError.self) { try store.write("a", "2", ifVersion: version) }
        let patientIsAnswered = isAnswered.load(ordering: .acquiring)
        #expect(!patientIsAnswered, "two calls of a second each took as long as one of a minute")
        #expect(read.code == .unavailable && read.message.contains("no answer in 1.0 seconds"))
        #expect(write.code == .unavailable)
        server.resume()
        let end = eventually { isAnswered.load(ordering: .acquiring) ? true : nil }
        #expect(end != nil)
        #expect(eventually { try? store.read("a") } != nil)
    }

    /// The first of two gets its share of the time, and no more.
    @Test func aServerThatHangsIsPassedOver() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        let store = store([endpoint(proxy.port), server.endpoint], timeout: .seconds(10))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.swallow)
        let start = ContinuousClock.now
        #expect(try store.read("a")?.version == version)
        // And from then on the other one is asked first: it does not take half as long.
        let middle = ContinuousClock.now
        #expect(try store.read("a")?.version == version)
        #expect(middle.duration(to: .now) < start.duration(to: middle) / 2)
    }

    @Test func aWriteWhoseAnswerIsLostIsInDoubtAndDone() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        // Another endpoint is there, and must not be tried: the write would meet itself and be called a conflict.
        let store = store([endpoint(proxy.port), server.endpoint])
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.loseAnswers)
        let error = try #require(throws: StoreError.self) { try store.write("a", "2", ifVersion: version) }
        #expect(error.code == .unavailable && error.message.contains("may have been done"))
        let stored = try eventually { try store.read("a").flatMap { $0.value == "2" ? $0 : nil } }
        #expect(stored != nil)
    }

    @Test func aReadWhoseAnswerIsLostGoesToTheNext() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        let store = store([endpoint(proxy.port), server.endpoint])
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.loseAnswers)
        #expect(try store.read("a")?.version == version)
    }

    /// What was answered is there; what was not may be, once.
    @Test func killedWhileItIsWrittenTo() throws {
        let server = try EtcdServer(EtcdServer.Options(syncs: true))
        let store = store([server.endpoint], timeout: .seconds(2))
        let writers = CounterWriters(on: store)
        for _ in 0..<3 {
            #expect(writers.areAnswered(more: 20))
            server.kill()
            try server.restart()
        }
        let (counter, answered, inDoubt) = writers.stop()
        let count = try #require(counter)
        #expect(answered >= 60)
        #expect(count >= answered && count <= answered + inDoubt, "\(answered) were answered, \(inDoubt) in doubt")
    }

    /// Nobody compacts the history of one that is its own: at its quota it takes no more writes, and says so.
    @Test func whoseQuotaIsUsedUpIsToldWhatToDo() throws {
        let server = try EtcdServer(EtcdServer.Options(arguments: ["--quota-backend-bytes", "\(8 << 20)"]))
        let store = store([server.endpoint])
        let version = try #require(try store.write("a", "0", ifVersion: nil).version)
        // The history of one key, written as etcd's own tools do: a debug build takes seconds for as many bytes.
        let large = Data(repeating: 120, count: 1 << 20).base64EncodedString()
        var revision = ""
        let full = try #require(throws: EtcdTestFailure.self) {
            for _ in 0..<32 {
                let answer = try server.post("/v3/kv/put", #"{"key":"YQ==","value":"\#(large)"}"#)
                revision = try String(#require(answer.firstMatch(of: /"revision":"(\d+)"/)).1)
            }
        }
        #expect("\(full)".contains("database space exceeded"))
        let error = try #require(throws: StoreError.self) { try store.write("b", "1", ifVersion: nil) }
        #expect(error.code == .diskFull && error.exitCode == 74)
        #expect(error.message.contains("compact and defragment etcd, then clear its alarm"), "\(error)")
        // What is there is there, and can be read.
        #expect(try store.read("a")?.version == version)

        try server.post("/v3/kv/compaction", #"{"revision":"\#(revision)","physical":true}"#)
        try server.post("/v3/maintenance/defragment", "{}")
        let alarms = try server.post("/v3/maintenance/alarm", #"{"action":"GET"}"#)
        let member = try #require(alarms.firstMatch(of: /"memberID":"(\d+)"/)).1
        try server.post(
            "/v3/maintenance/alarm",
            #"{"action":"DEACTIVATE","memberID":"\#(member)","alarm":"NOSPACE"}"#
        )
        #expect(try store.write("a", "1", ifVersion: version).version.map { $0 > version } == true)
    }

    @Test func aClusterGoesOnWithoutItsLeader() throws {
        let servers = try EtcdServer.cluster(of: 3)
        let store = store(servers.map(\.endpoint))
        var version = try #require(try store.write("a", "0", ifVersion: nil).version)
        // One of the three is the leader, and one the member that the store prefers.
        for (turn, server) in servers.enumerated() {
            server.kill()
            let value = "\(turn + 1)"
            let written = eventually { () -> UInt64? in
                // As its callers do: after a write without an answer, read back.
                if let stored = try? store.read("a"), stored.value == value { return stored.version }
                return try? store.write("a", value, ifVersion: version).version
            }
            version = try #require(written)
            try server.restart()
        }
        #expect(try store.read("a") == StoredValue(value: "3", version: version))
    }

    @Test func withoutAMajorityNothingIsAnswered() throws {
        let servers = try EtcdServer.cluster(of: 3)
        let store = store(servers.map(\.endpoint), timeout: .seconds(2))
        _ = try store.write("a", "1", ifVersion: nil)
        servers[0].kill()
        servers[1].kill()
        // An answer from the last one's memory could be out of date.
        let read = try #require(throws: StoreError.self) { try store.read("a") }
        #expect(read.code == .unavailable)
        #expect(throws: StoreError.self) { try store.write("b", "1", ifVersion: nil) }
        try servers[0].start()
        #expect(eventually { try? store.read("a") } != nil)
    }

    /// SwiftNIO takes etcd's pings and resets for an attack after 200 of them.
    @Test func manyCallsFailNone() throws {
        let server = try EtcdServer()
        let proxy = try FaultyProxy(to: server.port)
        let store = store([endpoint(proxy.port)])
        let failures = Mutex<[String]>([])
        let done = DispatchGroup()
        for _ in 0..<2 {
            done.enter()
            let thread = Thread {
                for _ in 0..<400 {
                    do throws(StoreError) { _ = try store.read("a") } catch {
                        failures.withLock { $0.append(error.message) }
                    }
                }
                done.leave()
            }
            thread.start()
        }
        done.wait()
        #expect(failures.withLock { $0 } == [])
        #expect(proxy.connections < 10, "800 calls on \(proxy.connections) connections")
    }

    @Test func aClosedStoreConnectsAgain() throws {
        let server = try EtcdServer()
        let store = store([server.endpoint])
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        store.close()
        #expect(try store.read("a")?.version == version)
    }

    @Test func whatIsNotTextIsCorrupt() throws {
        let server = try EtcdServer()
        let store = store([server.endpoint])
        let (key, value) = (Data("/firn/a".utf8).base64EncodedString(), Data([0xFF]).base64EncodedString())
        try server.post("/v3/kv/put", #"{"key":"\#(key)","value":"\#(value)"}"#)
        let error = try #require(throws: StoreError.self) { try store.read("a") }
        #expect(error.code == .corrupt && error.message.contains("/firn/a"))
        #expect(throws: StoreError.self) { try store.list(prefix: "") }
    }

    @Test func prefixesKeepClustersApart() throws {
        let server = try EtcdServer()
        var other = EtcdConfiguration(endpoints: [server.endpoint])
        other.keyPrefix = "/firn2/"
        let (a, b) = (store([server.endpoint]), EtcdStore(other))
        _ = try a.write("x", "of a", ifVersion: nil)
        #expect(try b.read("x") == nil)
        _ = try b.write("x", "of b", ifVersion: nil)
        #expect(try a.list(prefix: "").map(\.value) == ["of a"])
    }
}
