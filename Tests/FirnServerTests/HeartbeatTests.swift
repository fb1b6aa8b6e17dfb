import FirnEngine
import FirnLayout
import FirnStore
import FirnWindows
import FirnWire
import Glibc
import Logging
import Synchronization
import Testing

@testable import FirnServer

/// A thread's sign of life comes from the thread, and not from one that hangs.
@Suite struct HeartbeatTests {
    @Test func aReactorThatHangsHasNoHeartbeat() throws {
        let turnstile = Turnstile()
        try withServer(turnstile: turnstile) { server, path in
            server.requestHeartbeat()
            try waitUntil { server.hasHeartbeat }

            // Describe is answered by the reactor, with what hangs here.
            let peer = SocketProbe.make()
            #expect(SocketAddress.withUnix(path: path) { Glibc.connect(peer.number, $0, $1) } == 0)
            turnstile.close()
            defer { turnstile.open() }
            let output = FrameBuffer()
            output.appendRequest(Request(callID: 1, method: .describe))
            _ = output.withUnsafeBytes { write(peer.number, $0.baseAddress, $0.count) }
            try waitUntil { turnstile.someoneWaits }
            // The other reactor comes by again and again, and nobody answers for the one that hangs.
            let before = server.beats
            for _ in 0..<20 {
                let beats = server.beats
                server.requestHeartbeat()
                try waitUntil { server.beats != beats }
                #expect(!server.hasHeartbeat)
            }
            #expect(zip(server.beats, before).count { $0 == $1 } == 1)
            turnstile.open()
            try waitUntil { server.hasHeartbeat }
        }
    }

    @Test func aWindowThreadWhoseStoreNeverAnswersHasNoHeartbeat() throws {
        let turnstile = Turnstile()
        let windows = try makeWindows(store: HangingStore(turnstile: turnstile))
        defer { _ = windows.stop(within: .seconds(60)) }
        windows.requestHeartbeat()
        try waitUntil { windows.hasHeartbeat }

        turnstile.close()
        defer { turnstile.open() }
        try waitUntil { turnstile.someoneWaits }
        // A thread with a store that answers comes by again and again meanwhile.
        let healthy = try makeWindows(store: MemoryStore())
        defer { _ = healthy.stop(within: .seconds(60)) }
        let before = windows.beats
        for _ in 0..<20 {
            windows.requestHeartbeat()
            healthy.requestHeartbeat()
            try waitUntil { healthy.hasHeartbeat }
            #expect(!windows.hasHeartbeat)
        }
        #expect(windows.beats == before)
        turnstile.open()
        try waitUntil { windows.hasHeartbeat }
    }

    /// With a store that takes its time for every call, a round over many workers takes many times as long.
    @Test func eachAnswerOfTheStoreIsASignOfLife() throws {
        let turnstile = Turnstile()
        let windows = try makeWindows(store: HangingStore(turnstile: turnstile), workers: 16)
        defer { _ = windows.stop(within: .seconds(60)) }
        turnstile.close()
        defer { turnstile.open() }
        try waitUntil { turnstile.someoneWaits }
        // Until the windows of 300 ticks have ended, and all want to be extended.
        let end = clock.now().tick + 300
        try waitUntil { clock.now().tick > end }
        windows.requestHeartbeat()
        var calls = 0
        while !windows.hasHeartbeat, calls < 100 {
            turnstile.letOnePass()
            calls += 1
            try waitUntil { turnstile.someoneWaits || windows.hasHeartbeat }
        }
        #expect(calls <= 4, "it took \(calls) answers for 16 workers")
    }

    private let clock = TickClock(layout: .snowflake, followLimit: .seconds(3600))
    private let availability = Availability()
    private let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// The daemon's stop waits for no store: the thread is left behind.
    @Test func aWindowThreadThatItsStoreKeepsIsNotWaitedFor() throws {
        let turnstile = Turnstile()
        let windows = try makeWindows(store: HangingStore(turnstile: turnstile))
        turnstile.close()
        defer { turnstile.open() }
        #expect(!windows.stop(within: .milliseconds(100)))
    }

    /// Of many workers all windows go back at once: each takes its time with the store.
    @Test func theWindowsOfManyWorkersGoBackAtOnce() throws {
        let store = MemoryStore()
        let state = Mutex(Counts())
        // Windows so long that none is extended meanwhile.
        let windows = try makeWindows(store: store, workers: 40, windowTicks: 60_000)
        store.onOperation { operation, _ in
            guard operation == .write else { return }
            state.withLock {
                $0.present += 1
                $0.most = max($0.most, $0.present)
            }
            // The first wait for company: how soon the machine starts the threads is no matter.
            for _ in 0..<5000 where state.withLock({ $0.most < 8 }) { usleep(1000) }
            state.withLock { $0.present -= 1 }
        }
        #expect(windows.stop(within: .seconds(60)))
        #expect((8...16).contains(state.withLock(\.most)))
        let records = try store.list(prefix: WorkerRecord.keyPrefix)
        #expect(records.count == 40)
        #expect(try records.allSatisfy { try WorkerRecord(key: $0.key, text: $0.value).writeToken == 0 }, "given back")
    }

    private struct Counts {
        var present = 0
        var most = 0
    }

    private func makeWindows(
        store: any Store,
        workers: Int = 1,
        windowTicks: UInt64 = 300
    ) throws -> WindowThread {
        let claims = WorkerClaims(
            store: store,
            holder: Holder(host: "test", pod: nil, pid: 1, instance: 1),
            maximumWorker: 1023,
            maximumTick: Space.endTick(of: .snowflake) - 1,
            windowTicks: windowTicks
        )
        let slots = (0..<workers).map { _ in WorkerSlot() }
        return WindowThread { [clock, availability, logger] in
            WindowRenewer(
                slots: slots,
                rule: .auto,
                claims: claims,
                clock: clock,
                layout: .snowflake,
                shardsPerWorker: 1,
                availability: availability,
                logger: logger
            )
        }
    }

    private func withServer(turnstile: Turnstile, _ body: (Server, String) throws -> Void) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let store = MemoryStore()
        let sequences = try Sequences(
            claims: SequenceClaims(store: store, holder: Holder(host: "test", pod: nil, pid: 1, instance: 1)),
            configuration: Sequences.Configuration(),
            logger: logger
        )
        let server = try Server(
            listeners: Listeners([.unix(path: path)]),
            slots: [WorkerSlot()],
            reactors: 2,
            layout: .snowflake,
            clock: clock,
            limits: Limits(fileDescriptors: 256),
            policy: AccessPolicy(),
            availability: availability,
            sequences: sequences,
            logger: logger,
            description: {
                turnstile.pass()
                return DaemonDescription(version: "test", layout: .snowflake, workers: [], maximumBatch: 1)
            }
        )
        defer {
            turnstile.open()
            server.drain()
            server.join()
            sequences.stop()
        }
        try body(server, path)
    }

    private func waitUntil(_ condition: () -> Bool) throws {
        for _ in 0..<20_000 {
            if condition() { return }
            usleep(1000)
        }
        throw NotInTime()
    }

    private struct NotInTime: Error {}
}

/// Lets threads pass, or holds them until it is opened, or one until it is its turn.
private final class Turnstile: Sendable {
    private struct State {
        var isClosed = false
        var tickets = 0
        var waiting = 0
    }

    private let state = Mutex(State())

    /// Whether a thread is held and has no ticket.
    var someoneWaits: Bool { state.withLock { $0.waiting > $0.tickets } }

    func close() { state.withLock { $0.isClosed = true } }

    func open() { state.withLock { $0.isClosed = false } }

    /// Lets one of those that are held pass.
    func letOnePass() { state.withLock { $0.tickets += 1 } }

    func pass() {
        state.withLock { $0.waiting += 1 }
        while !mayPass() { usleep(1000) }
    }

    private func mayPass() -> Bool {
        state.withLock { state in
            guard !state.isClosed || state.tickets > 0 else { return false }
            if state.isClosed { state.tickets -= 1 }
            state.waiting -= 1
            return true
        }
    }
}

/// A store that may stop answering.
private final class HangingStore: Store {
    private let store = MemoryStore()
    private let turnstile: Turnstile

    init(turnstile: Turnstile) {
        self.turnstile = turnstile
    }

    func read(_ key: String) throws(StoreError) -> StoredValue? {
        turnstile.pass()
        return try store.read(key)
    }

    func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        turnstile.pass()
        return try store.list(prefix: prefix)
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
        turnstile.pass()
        return try store.write(key, value, ifVersion: ifVersion, ifValue: ifValue)
    }

    func highestVersion() throws(StoreError) -> UInt64 {
        turnstile.pass()
        return try store.highestVersion()
    }
}
