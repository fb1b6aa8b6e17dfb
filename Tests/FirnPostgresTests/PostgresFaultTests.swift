import EtcdTestSupport
import FirnPostgres
import FirnStore
import FirnTestSupport
import Foundation
import PostgresTestSupport
import Synchronization
import Testing

/// Servers that die, hang or lose what they said.
@Suite struct PostgresFaultTests {
    private func deadPort() throws -> UInt16 { try freePorts(1)[0] }

    @Test func aDeadHostIsPassedOver() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let hosts = "127.0.0.1:\(try deadPort()),127.0.0.1:\(server.port)"
        let store = try store("postgres://\(role)@\(hosts)/postgres")
        // Never sent to the dead one, so a write may go on too.
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        #expect(try store.read("a") == StoredValue(value: "1", version: version))
    }

    @Test func nobodyThereSaysWhereAndWhy() throws {
        let ports = [try deadPort(), try deadPort()]
        let store = try store("postgres://firn@127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])/firn")
        let error = try #require(failure { () throws(StoreError) in try store.read("a") })
        #expect(error.code == .unavailable && error.exitCode == 74)
        for port in ports { #expect(error.message.contains("127.0.0.1:\(port): cannot connect: "), "\(error)") }
        #expect(error.message.contains("Connection refused") && !error.message.contains("done all the same"))
    }

    @Test func aServerThatHangsCostsNoMoreThanTheTimeout() throws {
        let server = try PostgresServer()
        let location = server.location(role: try server.makeRole())
        // One that is given twenty times as long for one call, to see which is done first.
        let patient = try store(location, timeout: .seconds(40))
        let version = try #require(try patient.write("a", "1", ifVersion: nil).version)
        let (open, new) = (try store(location, timeout: .seconds(1)), try store(location, timeout: .seconds(1)))
        #expect(eventually { try? open.read("a") } != nil, "it has its connection before the server hangs")
        let isAnswered = Atomic(false)
        try server.pause()
        let asking = Thread {
            _ = try? patient.read("a")
            isAnswered.store(true, ordering: .releasing)
        }
        asking.start()
        let read = try #require(failure { () throws(StoreError) in try open.read("a") })
        let write = try #require(failure { () throws(StoreError) in try open.write("a", "2", ifVersion: version) })
        let connecting = try #require(failure { () throws(StoreError) in try new.read("a") })
        let patientIsAnswered = isAnswered.load(ordering: .acquiring)
        #expect(!patientIsAnswered, "three calls of a second each took as long as one of forty")
        for error in [read, write, connecting] {
            #expect(error.code == .unavailable && error.message.contains("no answer in 1.0 seconds"), "\(error)")
        }
        server.resume()
        let end = eventually { isAnswered.load(ordering: .acquiring) ? true : nil }
        #expect(end != nil)
        #expect(eventually { try? open.read("a") } != nil)
    }

    /// The first of two gets its share of the time, and no more.
    @Test func aServerThatHangsIsPassedOver() throws {
        let server = try Servers.plain.get()
        let proxy = try FaultyProxy(to: server.port)
        let hosts = "127.0.0.1:\(proxy.port),127.0.0.1:\(server.port)"
        let store = try store("postgres://\(server.makeRole())@\(hosts)/postgres", timeout: .seconds(10))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.swallow)
        let start = ContinuousClock.now
        #expect(try store.read("a")?.version == version)
        // And from then on the other one is asked first: it does not take half as long.
        let middle = ContinuousClock.now
        #expect(try store.read("a")?.version == version)
        #expect(middle.duration(to: .now) < start.duration(to: middle) / 2)
    }

    /// It lets the client in and answers nothing about the table: the write itself was not sent.
    @Test func aHostThatHangsBeforeTheWriteIsPassedOver() throws {
        let server = try Servers.plain.get()
        let hanging = try ScriptedServer(version: "15.18")
        let hosts = "127.0.0.1:\(hanging.port),127.0.0.1:\(server.port)"
        let store = try store("postgres://\(server.makeRole())@\(hosts)/postgres", timeout: .seconds(6))
        #expect(try store.write("a", "1", ifVersion: nil).version != nil)
    }

    @Test func aWriteWhoseAnswerIsLostIsInDoubtAndDone() throws {
        let server = try Servers.plain.get()
        let proxy = try FaultyProxy(to: server.port)
        // Another host is there, and must not be tried: the write would meet itself and be called a conflict.
        let hosts = "127.0.0.1:\(proxy.port),127.0.0.1:\(server.port)"
        let store = try store("postgres://\(server.makeRole())@\(hosts)/postgres")
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.loseAllAnswers)
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "2", ifVersion: version) })
        #expect(error.code == .unavailable && error.message.contains("may have been done"), "\(error)")
        let stored = try eventually { try store.read("a").flatMap { $0.value == "2" ? $0 : nil } }
        #expect(stored != nil)
    }

    @Test func aReadWhoseAnswerIsLostGoesToTheNext() throws {
        let server = try Servers.plain.get()
        let proxy = try FaultyProxy(to: server.port)
        let hosts = "127.0.0.1:\(proxy.port),127.0.0.1:\(server.port)"
        let store = try store("postgres://\(server.makeRole())@\(hosts)/postgres")
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        proxy.become(.loseAllAnswers)
        #expect(try store.read("a")?.version == version)
    }

    /// The connection's end has arrived before the write begins.
    @Test func noWriteIsInDoubtAfterTheServerWasRestarted() throws {
        let server = try PostgresServer()
        let store = try store(server.location(role: server.makeRole()))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        server.stop()
        try server.restart()
        #expect(try store.write("a", "2", ifVersion: version).version.map { $0 > version } == true)
        server.kill()
        try server.restart()
        #expect(try store.read("a")?.value == "2")
    }

    /// What was answered is there; what was not may be, once.
    @Test func killedWhileItIsWrittenTo() throws {
        // The role's own setting would answer before the log is written, which this server does every ten seconds.
        let server = try PostgresServer(.init(settings: ["wal_writer_delay = 10s"]))
        let role = try server.makeRole()
        try server.sql("ALTER ROLE \(role) SET synchronous_commit = off")
        let store = try store(server.location(role: role), timeout: .seconds(2))
        let writers = CounterWriters(on: store)
        for _ in 0..<3 {
            #expect(writers.areAnswered(more: 20))
            server.kill()
            try server.restart()
            let known = writers.highestVersion
            let found = eventually { try? store.highestVersion() } ?? 0
            #expect(found >= known, "a crash took versions back")
        }
        let (counter, answered, inDoubt) = writers.stop()
        let count = try #require(counter)
        #expect(answered >= 60)
        #expect(count >= answered && count <= answered + inDoubt, "\(answered) were answered, \(inDoubt) in doubt")
    }

    /// Another session has the row: the server gives the statement up as well, so that it is not done much later.
    @Test func aRowThatIsLockedCostsNoMoreThanTheTimeout() throws {
        let server = try Servers.plain.get()
        let role = try server.makeRole()
        let store = try store(server.location(role: role), timeout: .seconds(1))
        let version = try #require(eventually { try? store.write("a", "1", ifVersion: nil) }?.version)
        let holding = try BackgroundSQL(
            server,
            "BEGIN; SELECT 1 FROM \(role).firn FOR UPDATE; SELECT pg_sleep(100)",
            until: "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND wait_event = 'PgSleep'"
        )
        let error = try #require(failure { () throws(StoreError) in try store.write("a", "2", ifVersion: version) })
        #expect(error.code == .unavailable, "\(error)")
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = '\(role)' AND state = 'active'"
        #expect(try eventually { try server.sql(waiting) == "0" ? true : nil } != nil, "the server still waits")
        holding.end()
        #expect(eventually { try? store.read("a")?.version } == version)
    }

    /// A commit that waits for a standby that is away was not answered, and is in doubt.
    @Test func aCommitThatWaitsForAStandbyIsInDoubt() throws {
        let server = try PostgresServer()
        let role = try server.makeRole()
        let store = try store(server.location(role: role), timeout: .seconds(1))
        var version = try #require(eventually { try? store.write("a", "1", ifVersion: nil) }?.version)
        // The server's own default would not wait.
        try server.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        try server.sql("ALTER SYSTEM SET synchronous_commit = 'local'")
        try server.sql("SELECT pg_reload_conf()")
        // The session has the new settings a little later: the writes before that are done.
        var value = 1
        let error = try #require(
            eventually {
                failure { () throws(StoreError) in
                    version = try store.write("a", "\(value + 1)", ifVersion: version).version ?? 0
                    value += 1
                }
            }
        )
        #expect(error.code == .unavailable && error.message.contains("may have been done"), "\(error)")
        let refusal = failure { () throws(StoreError) in try store.read("a") }
        #expect(refusal?.code == .unavailable, "seen before the standby had it: \(String(describing: refusal))")
        // Who has no write in doubt sees what was there before it.
        #expect(try server.sql("SELECT value FROM \(role).firn") == "\(value)")
        try server.sql("ALTER SYSTEM RESET synchronous_standby_names")
        try server.sql("SELECT pg_reload_conf()")
        #expect(eventually { try? store.read("a") }?.value == "\(value + 1)", "it was done all the same")
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func aFullDiskIsNamedAndGoneWhenThereIsRoom() throws {
        let server = try PostgresServer(.init(smallDiskKibibytes: 1024))
        let role = try server.makeRole()
        try server.sql("CREATE TABLESPACE small LOCATION '\(server.smallDisk)'")
        try server.sql("GRANT CREATE ON TABLESPACE small TO \(role)")
        try server.sql("ALTER ROLE \(role) SET default_tablespace = small")
        let store = try store(server.location(role: role))
        _ = try store.write("a", "1", ifVersion: nil)
        // Another application's table takes the rest of the disk.
        try server.sql("CREATE TABLE other (text text) TABLESPACE small")
        try server.sql("ALTER TABLE other ALTER text SET STORAGE PLAIN")
        while (try? server.sql("INSERT INTO other SELECT repeat('x', 4000) FROM generate_series(1, 4)")) != nil {}
        var error: StoreError?
        for index in 0..<200 where error == nil {
            let writes = (0..<100).map { StoreWrite(key: "many/\(index)/\($0)", value: "1", ifVersion: nil) }
            if case .failure(let failure)? = store.write(writes).first { error = failure }
        }
        let full = try #require(error)
        #expect(full.code == .diskFull && full.exitCode == 74 && full.message.contains("make room"), "\(full)")
        #expect(try store.read("a")?.value == "1")
        try server.sql("DROP TABLE other")
        let after = (0..<100).map { StoreWrite(key: "after/\($0)", value: "1", ifVersion: nil) }
        #expect(try store.write(after).allSatisfy { try $0.get().version != nil })
    }

    @Test func aClosedStoreConnectsAgain() throws {
        let server = try Servers.plain.get()
        let store = try store(server.location(role: server.makeRole()))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        store.close()
        #expect(try store.read("a")?.version == version)
    }
}

/// A statement that another session runs, until it is ended.
final class BackgroundSQL {
    private let process = Process()

    /// - Parameter condition: a query that gives 1 once the statement is where it is wanted.
    init(_ server: PostgresServer, _ text: String, until condition: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
        process.arguments = [
            "-XqAt", "-h", server.directory, "-p", "\(server.port)", "-U", "postgres", "-d", "postgres",
        ]
        process.arguments! += text.split(separator: ";").flatMap { ["-c", String($0)] }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        guard try eventually({ try server.sql(condition) == "1" ? true : nil }) != nil else {
            throw EtcdTestFailure("it is not there: \(text)")
        }
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
    }

    deinit { if process.isRunning { end() } }
}
