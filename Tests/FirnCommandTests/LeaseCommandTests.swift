import FirnSQLite
import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// `firn lease` with a real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct LeaseCommandTests {
    static func record(_ daemon: Firnd, _ worker: UInt32) throws -> WorkerRecord {
        let key = WorkerRecord.key(worker)
        let store = try SQLiteStore(path: daemon.storePath, mayMake: false)
        return try WorkerRecord(key: key, text: try #require(try store.read(key)).value)
    }

    /// `NAME=VALUE` lines.
    static func variables(_ command: Command) -> [String: String] {
        Dictionary(
            command.lines.map { line in
                let parts = line.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    // MARK: - A lease that is printed

    @Test func aLeaseIsPrintedAndRecorded() throws {
        let daemon = try Firnd("--layout", "snowflake")
        let command = try daemon.firn("lease", "--name", "billing", "--window", "30s")
        #expect(command.exitCode == 0 && command.errors.isEmpty, "\(command)")
        let variables = Self.variables(command)
        let worker = try #require(variables["FIRN_WORKER"].flatMap { UInt32($0) })
        let record = try Self.record(daemon, worker)
        #expect(record.lessee == "billing" && record.holder.instance != 0)
        #expect(
            variables == [
                "FIRN_WORKER": "\(worker)", "FIRN_LAYOUT": "snowflake", "FIRN_EPOCH_UNIX_MS": "1288834974657",
                "FIRN_TICK_NS": "1000000", "FIRN_TIME_BITS": "41", "FIRN_WORKER_BITS": "10", "FIRN_SEQUENCE_BITS": "12",
                "FIRN_SEQUENCE_ABOVE_WORKER": "0", "FIRN_FIRST_TICK": "\(record.limit - 30_000)",
                "FIRN_LIMIT_TICK": "\(record.limit)", "FIRN_LIMIT_UNIX_MS": "\(record.limit + 1_288_834_974_657)",
                "FIRN_TIME_SHIFT": "22", "FIRN_WORKER_SHIFT": "12", "FIRN_SEQUENCE_SHIFT": "0",
                "FIRN_CONSTANT_BITS": "0",
                "FIRN_LEASE_ID": "\(worker):\(record.generation):\(record.holder.instance)", "FIRN_LEASE_FILE": "''",
                "FIRN_LEASE": "\(worker):\(record.generation):\(record.holder.instance):\(record.writeToken)",
            ]
        )

        let json = try daemon.firn("lease", "--format", "json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let other = try #require(object["worker"] as? Int)
        #expect(other != Int(worker) && (object["lease"] as? String)?.hasPrefix("\(other):1:") == true)
        #expect(object["sequenceAboveWorker"] as? Bool == false && object["timeBits"] as? Int == 41)
        #expect((object["leaseID"] as? String)?.hasPrefix("\(other):1:") == true && object.keys.count == 17)
        #expect(try Self.record(daemon, UInt32(other)).lessee == "firn-lease")
    }

    /// The places of the fields are no sums of widths there.
    @Test func constantFieldsAreToldToWhoMakesIDs() throws {
        let daemon = try Firnd("--layout", "version:2=2,time:41ms@2025-01-01T00:00:00Z,worker:8,spare:3=0,sequence:10")
        let told = [
            "FIRN_TIME_SHIFT=21", "FIRN_WORKER_SHIFT=13", "FIRN_SEQUENCE_SHIFT=0",
            "FIRN_CONSTANT_BITS=9223372036854775808",
        ]
        let command = try Command.run("lease", "--address", daemon.address, "--timeout", "10000")
        for line in told { #expect(command.lines.contains { $0 == line }, "\(command)") }
        let json = try Command.run("lease", "--address", daemon.address, "--timeout", "10000", "--format", "json")
        let members = #""timeShift":21,"workerShift":13,"sequenceShift":0,"constantBits":"9223372036854775808""#
        #expect(json.output.contains(members), "\(json)")
    }

    /// A layout's text has characters that a shell would read otherwise.
    @Test func aShellReadsTheVariables() throws {
        let layout = "time:41ms@2025-01-01T00:00:00Z,sequence:12,worker:8"
        let daemon = try Firnd("--layout", layout)
        let command = try Command.run(
            ["lease", "--address", daemon.address, "--timeout", "10000"],
            suffix: #"> /tmp/$$.env; . /tmp/$$.env; rm /tmp/$$.env; echo "$FIRN_LAYOUT $FIRN_SEQUENCE_ABOVE_WORKER""#
        )
        #expect(command.output == "\(layout) 1\n", "\(command)")
    }

    @Test func anExtensionRaisesTheLimitAndAReleaseEndsIt() throws {
        let daemon = try Firnd()
        let begun = Self.variables(try daemon.firn("lease", "--window", "20s"))
        let worker = try #require(begun["FIRN_WORKER"].flatMap { UInt32($0) })
        let word = try #require(begun["FIRN_LEASE"])
        let extended = try daemon.firn("lease", "--extend", word, "--window", "50s")
        #expect(extended.exitCode == 0 && extended.errors.isEmpty, "\(extended)")
        let variables = Self.variables(extended)
        #expect(variables.keys.sorted() == ["FIRN_LEASE", "FIRN_LIMIT_TICK", "FIRN_LIMIT_UNIX_MS"])
        var record = try Self.record(daemon, worker)
        #expect(variables["FIRN_LIMIT_TICK"] == "\(record.limit)")
        let first = try #require(begun["FIRN_LIMIT_TICK"].flatMap { UInt64($0) })
        #expect((29_000...(29_000 + 60_000)).contains(record.limit - first))

        let stale = try daemon.firn("lease", "--extend", word)
        #expect(stale.exitCode == 70 && stale.output.isEmpty && stale.errors.contains("lost"), "\(stale)")

        let next = try #require(variables["FIRN_LEASE"])
        let unused = try #require(begun["FIRN_FIRST_TICK"].flatMap { UInt64($0) }) + 5000
        let released = try daemon.firn("lease", "--release", next, "--first-unused-tick", "\(unused)")
        #expect(released.exitCode == 0 && released.output.isEmpty && released.errors.isEmpty, "\(released)")
        record = try Self.record(daemon, worker)
        #expect(record.isGivenBack && (unused...(unused + 20_000)).contains(record.limit))
        #expect(try daemon.firn("lease", "--extend", next).exitCode == 70)
    }

    /// The program's clock may have been ahead of this one: nobody uses its ticks.
    @Test func aReleaseThatDoesNotSayWhatWasUsedGivesNothingBack() throws {
        let daemon = try Firnd()
        let begun = Self.variables(try daemon.firn("lease", "--window", "50s"))
        let worker = try #require(begun["FIRN_WORKER"].flatMap { UInt32($0) })
        let limit = try Self.record(daemon, worker).limit
        let released = try daemon.firn("lease", "--release", try #require(begun["FIRN_LEASE"]))
        #expect(released.exitCode == 0 && released.errors.isEmpty, "\(released)")
        let record = try Self.record(daemon, worker)
        #expect(record.isGivenBack && record.limit == limit)
    }

    @Test func aReleaseTellsFromWhenTheWorkerIsFree() throws {
        let daemon = try Firnd()
        let begun = Self.variables(try daemon.firn("lease", "--window", "50s"))
        let worker = try #require(begun["FIRN_WORKER"].flatMap { UInt32($0) })
        let released = try daemon.firn("lease", "--release", try #require(begun["FIRN_LEASE"]), "--format", "json")
        #expect(
            released.output == #"{"freeFromTick":"\#(try Self.record(daemon, worker).limit)"}"# + "\n",
            "\(released)"
        )
    }

    /// Else the program would mint up to the limit of another worker.
    @Test func aLeaseWithinALeaseHasNoneOfItsVariables() throws {
        let daemon = try Firnd()
        let directory = TemporaryDirectory()
        let command = try daemon.firn(
            "lease",
            "--lease-file",
            directory.path + "/lease",
            "--exec",
            "V=$('\(Command.executable.path)' lease --address \(daemon.address)) && eval \"$V\" && env | grep ^FIRN_"
        )
        #expect(command.exitCode == 0 && command.errors.isEmpty, "\(command)")
        let variables = Self.variables(command)
        let worker = try #require(variables["FIRN_WORKER"].flatMap { UInt32($0) })
        #expect(variables["FIRN_LEASE_FILE"] == "")
        #expect(variables["FIRN_LEASE_ID"] == "\(worker):1:\(try Self.record(daemon, worker).holder.instance)")
    }

    /// An operator takes it while its holder may still use it.
    @Test func whoLostALeaseToAnOperatorIsToldSo() throws {
        let daemon = try Firnd()
        let begun = Self.variables(try daemon.firn("lease", "--window", "50s"))
        let worker = try #require(begun["FIRN_WORKER"])
        let taken = try Command.run("workers", "release", worker, "--yes", "--store", daemon.storeName)
        #expect(taken.exitCode == 0, "\(taken)")
        let refused = try daemon.firn("lease", "--extend", try #require(begun["FIRN_LEASE"]))
        #expect(refused.exitCode == 70, "\(refused)")
        #expect(refused.errors.contains("is lost: an operator's firn command on host "), "\(refused)")
    }

    /// No setting of the daemon would make it longer.
    @Test func aLeaseUpToTheLayoutsEndIsSaid() throws {
        // 2^23 ms, of which 40 s are left.
        let epoch = Date(timeIntervalSinceNow: -8388.608 + 40).formatted(.iso8601)
        let daemon = try Firnd("--layout", "time:23ms@\(epoch),worker:8,sequence:12")
        let begun = try daemon.firn("lease", "--window", "50s")
        #expect(
            begun.exitCode == 0 && begun.errors.contains(", and not for 50000 ms: the time of the layout"),
            "\(begun)"
        )
        let extended = try daemon.firn(
            "lease",
            "--extend",
            try #require(Self.variables(begun)["FIRN_LEASE"]),
            "--window",
            "55s"
        )
        #expect(extended.exitCode == 0 && extended.errors.contains("ends then"), "\(extended)")
        #expect(!extended.errors.contains("--max-lease-window"))
    }

    @Test(arguments: [
        (["--extend", "1:2:3"], "1:2:3"), (["--extend", "x:1:1:1"], "FIRN_LEASE"),
        (["--release", "1:1:1:0"], "1:1:1:0"),
        (["--extend", "4294967296:1:1:1"], "4294967296"), (["--release", "1:1:+1:1"], "+1"),
        (["--extend", "1:1:1:1", "--exec", "true"], "--extend and --exec"), (["--name", "a b"], "a b"),
        (["--name", "x", "--extend", "1:1:1:1"], "--name"), (["--window", "60"], "no unit; write 60s"),
        (["--exec", "true", "--format", "json"], "--format"), (["--window", "off"], "off"),
        (["--window", "48h"], "172800s"), (["--exec", " "], "empty"), (["--lease-file", "/tmp/x"], "--exec"),
        (["--first-unused-tick", "5"], "--release"),
        (["--release", "1:1:1:1", "--first-unused-tick", "0"], "FIRN_FIRST_TICK"),
        (["--exec", "true", "--lease-file", "/nowhere/file"], "/nowhere/file"),
        (["--exec", "true", "--lease-file", "/dev/null"], "/dev/null"),
    ])
    func wrongArgumentsExitWith64(_ arguments: [String], _ words: String) throws {
        let command = try Command.run(["lease"] + arguments + ["--address", "unix:/tmp/firn-no-daemon.sock"])
        #expect(command.exitCode == 64 && command.output.isEmpty && command.errors.contains(words), "\(command)")
    }

    /// The daemon gives no error for it.
    @Test func aShorterWindowThanWasAskedForIsSaid() throws {
        let daemon = try Firnd("--lease-window", "20s", "--max-lease-window", "30s")
        let begun = try daemon.firn("lease", "--window", "10m")
        #expect(begun.exitCode == 0 && begun.errors.contains("lasts for 30000 ms, and not for 600000 ms"), "\(begun)")
        let word = try #require(Self.variables(begun)["FIRN_LEASE"])
        let extended = try daemon.firn("lease", "--extend", word, "--window", "10m")
        #expect(extended.exitCode == 0 && extended.errors.contains(", and not for 600000 ms: the daemon's --max-lease"))
        #expect(extended.errors.contains("from now on by this host's clock"), "\(extended)")
        let next = try #require(Self.variables(extended)["FIRN_LEASE"])
        let whole = try daemon.firn("lease", "--extend", next, "--window", "25s")
        #expect(whole.exitCode == 0 && whole.errors.isEmpty, "\(whole)")
    }

    @Test func aDaemonThatLeasesNoneIsSaidSo() throws {
        let daemon = try Firnd("--max-leases", "0")
        let command = try daemon.firn("lease")
        #expect(command.exitCode == 70 && command.output.isEmpty, "\(command)")
        #expect(command.errors.contains("--max-leases"), "\(command)")
    }

    @Test func workersShowTheLessee() throws {
        let daemon = try Firnd()
        let worker = try #require(Self.variables(try daemon.firn("lease", "--name", "billing"))["FIRN_WORKER"])
        let table = try Command.run("workers", "--store", daemon.storeName)
        let rows = table.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(rows[0].last == "lessee" && rows.count == 3, "\(table)")
        for row in rows.dropFirst() { #expect(row.last == (row[0] == worker ? "billing" : "-") && row.count == 10) }
        let json = try Command.run("workers", "--format", "json", "--store", daemon.storeName)
        // Who does not say which store reads that of FIRN_STORE, or the default one.
        #expect(table.errors.isEmpty, "\(table)")
        let own = try Command.run(["workers"], environment: ["FIRN_STORE": daemon.storeName])
        #expect(own.output.contains("billing") && own.errors == "firn: the workers of \(daemon.storeName)\n")
        let lessees = json.lines.filter { $0.contains(#""lessee":"billing""#) }
        #expect(lessees.count == 1 && json.lines.count { $0.contains(#""lessee":null"#) } == 1, "\(json)")
    }
}
