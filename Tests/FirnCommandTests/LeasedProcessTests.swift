import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// `firn lease --exec` with a real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct LeasedProcessTests {
    /// A command that runs, with a lease file.
    final class Leased {
        let directory = TemporaryDirectory()
        let process = Process()
        private let errors = Pipe()

        var file: String { directory.path + "/lease" }

        init(_ daemon: Firnd, window: String, _ command: String) throws {
            process.executableURL = Command.product("firn")
            process.arguments = [
                "lease", "--address", daemon.address, "--timeout", "10000", "--window", window, "--lease-file", file,
                "--exec", command,
            ]
            process.environment = ["PATH": "/usr/bin:/bin", "D": directory.path]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = errors
            try process.run()
        }

        deinit {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
        }

        func text(_ name: String) -> String {
            (try? String(contentsOfFile: directory.path + "/" + name, encoding: .utf8)) ?? ""
        }

        func numbers(_ name: String) -> [UInt64] {
            text(name).split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0) }
        }

        /// Waits for a file that the command writes.
        func wait(for name: String) throws {
            let end = ContinuousClock.now + .seconds(60)
            while text(name).isEmpty {
                try #require(.now < end, "\(name) did not come: \(process.isRunning)")
                usleep(5000)
            }
        }

        /// Waits for the end.
        func end() -> (code: Int32, errors: String) {
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationReason == .exit ? process.terminationStatus : -1, text)
        }
    }

    static func isRunning(_ pid: UInt64) -> Bool { kill(pid_t(pid), 0) == 0 }

    /// Else it would seem to hang.
    @Test func aCommandThatWaitsForItsFirstTickSaysSo() throws {
        let daemon = try Firnd("--clock-offset=+2500ms")
        let command = try daemon.firn("lease", "--window", "20s", "--exec", "true")
        #expect(command.exitCode == 0, "\(command)")
        #expect(command.errors.contains(/the command waits \d+ ms more for FIRN_FIRST_TICK/), "\(command)")
        let right = try Firnd()
        #expect(try right.firn("lease", "--window", "20s", "--exec", "sleep 1.5").errors.isEmpty)
    }

    @Test func theCommandHasTheWorkerInItsEnvironment() throws {
        let daemon = try Firnd("--layout", "snowflake")
        let directory = TemporaryDirectory()
        let command = try Command.run(
            [
                "lease", "--address", daemon.address, "--timeout", "10000", "--name", "loop", "--lease-file",
                directory.path + "/lease", "--exec", "env | grep ^FIRN_; cat $FIRN_LEASE_FILE; exit 7",
            ],
            environment: ["FIRN_LEASE": "1:1:1:1", "FIRN_LIMIT_TICK": "9", "FIRN_WORKER": "5000"]
        )
        #expect(command.exitCode == 7 && command.errors.isEmpty, "\(command)")
        let variables = LeaseCommandTests.variables(command)
        let worker = try #require(variables["FIRN_WORKER"].flatMap { UInt32($0) })
        #expect(variables["FIRN_LEASE"] == nil && variables["FIRN_LIMIT_TICK"] == nil && worker != 5000)
        #expect(variables["FIRN_LEASE_FILE"] == directory.path + "/lease" && variables["FIRN_SEQUENCE_BITS"] == "12")
        #expect(variables["FIRN_WORKER_SHIFT"] == "12" && variables["FIRN_CONSTANT_BITS"] == "0")
        let first = try #require(variables["FIRN_FIRST_TICK"].flatMap { UInt64($0) })
        let id = try #require(variables["FIRN_LEASE_ID"])
        #expect(id.hasPrefix("\(worker):1:") && id.split(separator: ":").count == 3)
        #expect(command.lines.last == "\(first + 60_000) \(first + 60_000 + 1_288_834_974_657) \(id)")
        #expect(try String(contentsOfFile: directory.path + "/lease", encoding: .utf8) == "0 0\n")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(files.sorted() == ["lease", "lease.lock"])
        let record = try LeaseCommandTests.record(daemon, worker)
        #expect(record.isGivenBack && record.lessee == "loop" && record.limit < first + 60_000)
    }

    @Test(arguments: [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("/nowhere/program", 127)])
    func itExitsAsTheCommandDoes(_ command: String, _ code: Int32) throws {
        let daemon = try Firnd()
        #expect(try daemon.firn("lease", "--exec", command).exitCode == code)
    }

    /// The command runs on past the first limit, because that was raised.
    @Test func theLeaseIsExtendedWhileTheCommandRuns() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "9s",
            """
            read tick limit id < $FIRN_LEASE_FILE; echo $FIRN_WORKER > $D/worker
            while [ $(date +%s) -le $((limit / 1000)) ]; do sleep 0.1; done
            cat $FIRN_LEASE_FILE > $D/later; echo $tick > $D/first; exit 7
            """
        )
        let end = leased.end()
        #expect(end.code == 7 && end.errors.isEmpty, "\(end)")
        let (first, later) = (leased.numbers("first"), leased.numbers("later"))
        #expect(later.count == 2 && later[0] > first[0])
        let record = try LeaseCommandTests.record(daemon, UInt32(try #require(leased.numbers("worker").first)))
        #expect(record.isGivenBack && record.limit > first[0])
    }

    /// A program that outlived the firn that started it must not read the limit of another lease.
    @Test func aLeaseFileIsOfOneLeaseAtATime() throws {
        let daemon = try Firnd()
        let leased = try Leased(daemon, window: "60s", "trap '' TERM; echo $$ > $D/pid; exec sleep 600")
        try leased.wait(for: "pid")
        let options = ["lease", "--address", daemon.address, "--timeout", "10000", "--lease-file", leased.file]
        func second() throws -> Command { try Command.run(options + ["--exec", "true"]) }
        let limit = leased.numbers("lease")
        let refused = try second()
        #expect(refused.exitCode == 64 && refused.errors.contains("is in use"), "\(refused)")
        let program = try #require(leased.numbers("pid").first)
        defer { kill(pid_t(program), SIGKILL) }
        kill(leased.process.processIdentifier, SIGKILL)
        try Self.waitForZombie(leased.process.processIdentifier)
        #expect(Self.isRunning(program))
        let again = try second()
        #expect(again.exitCode == 64 && leased.numbers("lease") == limit, "\(again)")
    }

    /// Process.waitUntilExit() also waits for the children of the process, which have inherited a descriptor.
    static func waitForZombie(_ pid: Int32) throws {
        let end = ContinuousClock.now + .seconds(60)
        while try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).contains(") Z ") == false {
            try #require(.now < end, "\(pid) still runs")
            usleep(5000)
        }
    }

    /// Without a daemon the command ends before the limit.
    @Test func theCommandIsEndedBeforeALimitThatIsNotRaised() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "12s",
            "echo $$ > $D/pid; cat $FIRN_LEASE_FILE > $D/limit; while :; do date +%s%3N >> $D/alive; sleep 0.05; done"
        )
        try leased.wait(for: "alive")
        daemon.end(with: SIGKILL)
        let end = leased.end()
        #expect(end.code == 75 && end.errors.contains("was not extended in time"), "\(end)")
        #expect(!Self.isRunning(try #require(leased.numbers("pid").first)))
        let limit = try #require(leased.numbers("limit").last)
        let last = try #require(leased.numbers("alive").last)
        #expect(last < limit, "it ran for \(last - limit) ms past the limit")
        #expect(last > limit - 6000, "it was ended \(limit - last) ms before the limit")
        #expect(leased.text("lease") == "0 0\n")
    }

    /// SIGTERM is not enough for it.
    @Test func aCommandThatIgnoresSIGTERMIsKilled() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "6s",
            "trap 'echo term >> $D/term' TERM; (trap '' TERM; echo 1 > $D/alive; exec sleep 600) & echo $! > $D/pid; "
                + "while :; do wait; done"
        )
        try leased.wait(for: "alive")
        daemon.end(with: SIGKILL)
        #expect(leased.end().code == 75)
        #expect(leased.text("term") == "term\n")
        #expect(!Self.isRunning(try #require(leased.numbers("pid").first)))
    }

    @Test func theCommandIsEndedWhenTheLeaseIsLost() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "9s",
            "trap 'cat $FIRN_LEASE_FILE > $D/seen; exit 0' TERM; echo $FIRN_WORKER > $D/worker; "
                + "while :; do sleep 0.05; done"
        )
        try leased.wait(for: "worker")
        let worker = try #require(leased.numbers("worker").first)
        let taken = try Command.run("workers", "release", "\(worker)", "--yes", "--store", daemon.storeName)
        #expect(taken.exitCode == 0, "\(taken)")
        let end = leased.end()
        #expect(end.code == 75 && end.errors.contains("is lost"), "\(end)")
        #expect(leased.text("seen") == "0 0\n" && leased.text("lease") == "0 0\n")
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2])
    func signalsArePassedOn(_ signal: Int32) throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "60s",
            "for s in TERM INT HUP QUIT USR1 USR2; do trap \"echo $s >> $D/got; exit 5\" $s; done; echo $FIRN_WORKER > $D/worker; "
                + "while :; do sleep 0.05; done"
        )
        try leased.wait(for: "worker")
        kill(leased.process.processIdentifier, signal)
        let end = leased.end()
        #expect(end.code == 5 && end.errors.isEmpty, "\(end)")
        #expect(leased.text("got").split(separator: "\n").count == 1)
        let worker = UInt32(try #require(leased.numbers("worker").first))
        #expect(try LeaseCommandTests.record(daemon, worker).isGivenBack)
    }

    /// The lease is given back when nobody uses it any more.
    @Test func whatTheCommandLeavesBehindIsEnded() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "60s",
            "(trap 'sleep 0.5; echo done > $D/done; exit 0' TERM; echo 1 > $D/ready; while :; do sleep 0.05; done) & "
                + "while [ ! -s $D/ready ]; do sleep 0.05; done; echo $! > $D/pid"
        )
        let end = leased.end()
        #expect(end.code == 0 && end.errors.isEmpty, "\(end)")
        #expect(leased.text("done") == "done\n")
        #expect(!Self.isRunning(try #require(leased.numbers("pid").first)))
    }

    @Test func theCommandHearsOfTheEndOfFirn() throws {
        let daemon = try Firnd()
        let leased = try Leased(
            daemon,
            window: "60s",
            "trap 'echo term > $D/term; exit 0' TERM; echo $$ > $D/pid; while :; do sleep 0.05; done"
        )
        try leased.wait(for: "pid")
        kill(leased.process.processIdentifier, SIGKILL)
        try leased.wait(for: "term")
        #expect(leased.text("term") == "term\n")
    }
}
