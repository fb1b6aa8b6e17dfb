import Dispatch
import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Logging
import Synchronization
import Testing

@testable import FirnConfiguration
@testable import firnd

/// SIGHUP: what can change while the daemon runs is read again, what cannot is named, and no call is lost.
@Suite struct ReloadTests {
    private static let differing = "settings differ from those in use"
    private static let failed = "a part could not be reloaded, and stays as it was"

    private func withReloadable<Result>(
        _ settings: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        _ body: (Daemon, _ rewrite: (String) throws -> Void) throws -> Result
    ) throws -> Result {
        try withScratch { scratch in
            let own = "listen = unix:\(scratch.file("firn.sock"))\nstore = memory\n"
            let path = try scratch.write("firn.conf", own + settings)
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--config", path] + arguments,
                environment: environment
            )
            return try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                return try body(daemon) { _ = try scratch.write("firn.conf", own + $0) }
            }
        }
    }

    @Test func theLogLevelChangesAndItIsSaid() throws {
        try withReloadable("") { daemon, rewrite in
            /// Whether it writes nothing of a signal's notice: asked for before a line that is always written.
            func isSilent(_ signal: Int32, _ name: String, until line: String) throws -> Bool {
                let before = daemon.lines(with: "signal=\(name)").count
                daemon.signal(signal)
                try eventually("SIGUSR is taken") { try !daemon.hasPending(signal) }
                daemon.signal(SIGHUP)
                try eventually("it says \(line); it says: \(daemon.log)") { daemon.lines(with: line).count > 0 }
                return daemon.lines(with: "signal=\(name)").count == before
            }
            daemon.signal(SIGUSR1)
            try daemon.waitUntilItSays("signal=SIGUSR1")
            // The line is written although the new level is above it.
            try rewrite("log-level = error\n")
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("notice reloaded changes=\"log-level from its default to error\"")
            try rewrite("log-level = debug\n")
            #expect(try isSilent(SIGUSR1, "SIGUSR1", until: "reloaded changes=\"log-level from error to debug\""))
            daemon.signal(SIGUSR2)
            try daemon.waitUntilItSays("signal=SIGUSR2")
            #expect(daemon.lines(with: Self.differing).isEmpty)
        }
    }

    @Test func whatCannotChangeIsNamedAndStays() throws {
        try withReloadable("layout = sonyflake\n") { daemon, rewrite in
            try rewrite("layout = snowflake\nmax-batch = 7\nlog-level = debug\n")
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("reloaded changes=\"log-level from its default to debug\"")
            try daemon.waitUntilItSays(
                "settings=\"layout from sonyflake to snowflake; max-batch from its default to 7\""
            )
            let peer = try Peer.unix(daemon.socketPath)
            #expect(try peer.describe().layout == .sonyflake)
            #expect(try peer.nextBatch(8).reduce(0) { $0 + $1.count } == 8)
            // It is named again as long as it differs, and no longer when it does not.
            daemon.signal(SIGHUP)
            try eventually("it says so again") { daemon.lines(with: Self.differing).count == 2 }
            try rewrite("layout = sonyflake\nlog-level = debug\n")
            daemon.signal(SIGHUP)
            try eventually("it reloads") { daemon.lines(with: " reloaded changes=none").count == 2 }
            #expect(daemon.lines(with: Self.differing).count == 2)
        }
    }

    /// The command line and the environment cannot change, and win over the file as at the start.
    @Test(arguments: [true, false]) func whatWinsOverTheFileWinsAfterItToo(_ isOnCommandLine: Bool) throws {
        let (arguments, environment) =
            isOnCommandLine ? (["--log-level", "info"], [:]) : ([], ["FIRN_LOG_LEVEL": "info"])
        try withReloadable("", arguments, environment: environment) { daemon, rewrite in
            try rewrite("log-level = error\n")
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("reloaded changes=none")
        }
    }

    @Test(arguments: [
        ("log-level = loud\n", "--log-level is 'loud'"), ("log-level debug\n", "is not of the form 'name = value'"),
        ("log-levle = debug\n", "is 'log-level' meant?"), ("max-batch = many\nlog-level = debug\n", "many"),
        ("max-batch = 0\nlog-level = debug\n", "--max-batch is 0"),
    ]) func aWrongFileChangesNothing(_ text: String, _ message: String) throws {
        try withReloadable("log-level = info\n") { daemon, rewrite in
            try rewrite(text)
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("error \(Self.failed)")
            let line = try #require(daemon.lines(with: Self.failed).first)
            #expect(line.contains("part=settings") && line.contains(message), "\(line)")
            try daemon.waitUntilItSays("warning reloaded in part changes=none failed=settings")
            _ = try Peer.unix(daemon.socketPath).nextID()
            // The file of before: no change would tell that it can be read again.
            try rewrite("log-level = info\n")
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("notice reloaded changes=none valid_again=settings")
            daemon.signal(SIGHUP)
            try eventually("it is told once") {
                daemon.lines(with: "notice reloaded changes=none").count == 2
                    && daemon.lines(with: "valid_again").count == 1
            }
            try rewrite("log-level = warning\n")
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("log-level from info to warning")
        }
    }

    @Test func aFileThatIsGoneChangesNothing() throws {
        try withScratch { scratch in
            let path = try scratch.write("firn.conf", "log-level = debug\n")
            try withDaemon(in: scratch, ["--config", path]) { daemon in
                try FileManager.default.removeItem(atPath: path)
                daemon.signal(SIGHUP)
                try daemon.waitUntilItSays("error \(Self.failed)")
                #expect(try #require(daemon.lines(with: Self.failed).first).contains(path))
            }
        }
    }

    @Test func withoutAFileNothingChanges() throws {
        try withDaemon { daemon in
            daemon.signal(SIGHUP)
            try daemon.waitUntilItSays("notice reloaded changes=none")
        }
    }

    /// Many callers, and a reload every few milliseconds: each call on each connection is answered.
    @Test func underLoadNoCallIsLost() throws {
        try withReloadable("log-level = info\n") { daemon, rewrite in
            let path = daemon.socketPath
            let crew = Crew()
            let failures = Failures()
            for _ in 0..<4 {
                crew.start { crew in
                    do {
                        let peer = try Peer.unix(path)
                        while crew.isOn { _ = try peer.nextID() }
                    } catch {
                        failures.add("\(error)")
                    }
                }
            }
            let start = try Peer.unix(path)
            for turn in 0..<60 {
                try rewrite("log-level = \(turn % 2 == 0 ? "debug" : "info")\n")
                daemon.signal(SIGHUP)
                _ = try start.nextID()
                sleep(.milliseconds(5))
            }
            try daemon.waitUntilItSays(" reloaded changes=")
            try crew.stop()
            #expect(failures.all.isEmpty, "\(failures.all)")
        }
    }

    // MARK: - The service manager

    @Test func theServiceManagerHearsItBeginAndEnd() throws {
        try withScratch { scratch in
            let socket = try NotifySocket(scratch.file("notify"))
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"],
                environment: ["NOTIFY_SOCKET": socket.name]
            )
            try withExtendedLifetime(daemon) {
                try socket.waitFor("READY=1")
                let before = Self.monotonicMicroseconds()
                daemon.signal(SIGHUP)
                try socket.waitFor("READY=1", moreThan: 1)
                let after = Self.monotonicMicroseconds()
                let lines = socket.lines
                let began = try #require(lines.firstIndex(of: "RELOADING=1"))
                #expect(lines[began...].contains("READY=1"), "\(lines)")
                let prefix = "MONOTONIC_USEC="
                let line = try #require(lines.first { $0.hasPrefix(prefix) })
                let time = try #require(Int64(line.dropFirst(prefix.count)))
                #expect(before <= time && time <= after, "\(before) \(time) \(after)")
                #expect(socket.count("RELOADING=1") == 1 && socket.count("READY=1") == 2)
            }
        }
    }

    @Test func theSupervisorIsOwedTheEndOfAReloadUntilItIsTold() {
        var supervision = Supervision(watchdog: nil, now: 0)
        var standing = Supervision.Standing(obstacle: "no worker")
        // Before the start is complete it waits for the start's READY=1, which a reload must not send.
        #expect(supervision.turned(standing, now: 1).lines.contains("READY=1") == false)
        #expect(supervision.reloading(monotonicMicroseconds: 5).isEmpty)
        supervision.reloaded()
        #expect(supervision.turned(standing, now: 2).lines.contains("READY=1") == false)
        standing = Supervision.Standing(obstacle: nil, workers: [7])
        #expect(supervision.turned(standing, now: 3).lines.contains("READY=1"))
        #expect(supervision.turned(standing, now: 4).lines.isEmpty)
        #expect(supervision.reloading(monotonicMicroseconds: 5) == ["RELOADING=1", "MONOTONIC_USEC=5"])
        supervision.reloaded()
        var untold = supervision
        #expect(untold.turned(standing, now: 6).lines == ["READY=1"])
        #expect(supervision.turned(standing, now: 7).lines == ["READY=1"])
        #expect(supervision.turned(standing, now: 8).lines.isEmpty)
    }

    private static func monotonicMicroseconds() -> Int64 {
        // CLOCK_MONOTONIC on Linux.
        Int64(DispatchTime.now().uptimeNanoseconds / 1000)
    }

    // MARK: - The parts

    /// One part that cannot be read keeps no other from being read.
    @Test func eachPartIsReadForItself() {
        struct Broken: Error {}
        let reloading = Reloading(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var read: [String] = []
        reloading.add("first") {
            read.append("first")
            throw Broken()
        }
        reloading.add("second") {
            read.append("second")
            return [Reloading.Change(name: "second", from: "1", to: "2")]
        }
        reloading.reload()
        reloading.reload()
        #expect(read == ["first", "second", "first", "second"])
    }

    @Test func onlyTheLogLevelChangesAtOnce() {
        let changes = ReloadableSettings.changes(
            from: ["log-level": ["info"], "listen": ["a", "b"], "shards": ["1"]],
            to: ["log-level": ["debug"], "listen": ["b"], "shards": ["1"]]
        )
        #expect(
            changes == [
                Reloading.Change(name: "listen", from: "a b", to: "b", needsRestart: true),
                Reloading.Change(name: "log-level", from: "info", to: "debug"),
            ]
        )
    }

    @Test func severalRequestsAreOne() {
        let request = ReloadRequest()
        #expect(!request.isPending && !request.take())
        request.make()
        request.make()
        #expect(request.isPending && request.take())
        #expect(!request.isPending && !request.take())
    }
}

/// What went wrong in threads of a test.
private final class Failures: Sendable {
    private let texts = Mutex<[String]>([])

    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
}

extension Daemon {
    /// Whether a signal waits to be taken by it.
    fileprivate func hasPending(_ number: Int32) throws -> Bool {
        let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        return text.split(separator: "\n").contains { line in
            guard line.hasPrefix("ShdPnd:") || line.hasPrefix("SigPnd:") else { return false }
            let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
            return mask & (1 << UInt64(number - 1)) != 0
        }
    }
}
