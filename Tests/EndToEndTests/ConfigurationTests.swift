import EtcdTestSupport
import FirnWire
import Foundation
import Testing

@testable import firnd

/// Flags, environment and file, as the real program reads them.
@Suite struct ConfigurationTests {
    private func check(
        in scratch: Scratch,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> (ending: Daemon.Ending, error: String, output: String) {
        let defaults = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"]
        let given = defaults.filter {
            $0.hasPrefix("--") && !arguments.contains($0) && environment[variable($0)] == nil
        }
        let added = given.flatMap { [$0, defaults[defaults.firstIndex(of: $0)! + 1]] }
        return try runToEnd(in: scratch, ["--check"] + added + arguments, environment: environment)
    }

    private func variable(_ option: String) -> String {
        "FIRN_" + option.dropFirst(2).uppercased().replacing("-", with: "_")
    }

    /// The value that `--check` prints in a row.
    private func row(_ name: String, of output: String) -> String? {
        output.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }
            .map { $0.dropFirst(name.count + 2).trimmingCharacters(in: .whitespaces) }
    }

    @Test func flagsWinOverEnvironmentOverFile() throws {
        try withScratch { scratch in
            let file = try scratch.write("firn.conf", "# a comment\n\nshards = 1\n  window=1s\nlayout = discord\n")
            let config = ["--config", file]
            let inFile = try check(in: scratch, config)
            #expect(inFile.ending == .exited(0))
            #expect(row("shards", of: inFile.output) == "1")
            #expect(row("window", of: inFile.output) == "1.0 seconds")

            let environment = ["FIRN_SHARDS": "2", "FIRN_WINDOW": "2s"]
            let inEnvironment = try check(in: scratch, config, environment: environment)
            #expect(row("shards", of: inEnvironment.output) == "2")
            #expect(row("window", of: inEnvironment.output) == "2.0 seconds")
            #expect(row("layout", of: inEnvironment.output)?.contains("2015-01-01") == true)

            let flags = try check(in: scratch, config + ["--shards", "3"], environment: environment)
            #expect(row("shards", of: flags.output) == "3")
            #expect(row("window", of: flags.output) == "2.0 seconds")

            // A list is replaced, not added to.
            let lists = try scratch.write("lists.conf", "listen = unix:/file/a\nlisten = unix:/file/b\n")
            let replaced = try check(in: scratch, ["--config", lists])
            #expect(row("listen", of: replaced.output) == "unix:\(scratch.file("firn.sock"))")
            let replacedToo = try check(
                in: scratch,
                ["--config", lists],
                environment: ["FIRN_LISTEN": "unix:\(scratch.file("variable"))"]
            )
            #expect(row("listen", of: replacedToo.output) == "unix:\(scratch.file("variable"))")

            let named = try check(in: scratch, [], environment: ["FIRN_CONFIG": file])
            #expect(row("shards", of: named.output) == "1")
        }
    }

    @Test(arguments: [
        ("shards = 1\nshard = 2\n", ", line 2: 'shard' is not a setting; is 'shards' meant?"),
        ("\n\nworkers 3\n", ", line 3: 'workers 3' is not of the form"),
        ("shards = 1\nshards = 2\n", ", line 2: 'shards' is set a second time"),
        ("shards =\n", ", line 1: 'shards' has no value"),
        ("insecure-tcp = perhaps\n", ", line 1: 'insecure-tcp' is 'perhaps'"),
    ])
    func whatIsWrongInAFileIsNamedWithItsLine(_ text: String, _ message: String) throws {
        try withScratch { scratch in
            let file = try scratch.write("firn.conf", text)
            let (ending, error, _) = try check(in: scratch, ["--config", file])
            #expect(ending == .exited(78))
            #expect(error.contains(file + message))
        }
    }

    @Test func aMissingFileIsNamed() throws {
        try withScratch { scratch in
            let (ending, error, _) = try check(in: scratch, ["--config", scratch.file("none.conf")])
            #expect(ending == .exited(78))
            #expect(error.contains(scratch.file("none.conf")))
        }
    }

    @Test func checkTouchesNothing() throws {
        try withScratch { scratch in
            let arguments = [
                "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.file("deep/firn.db"))",
            ]
            let (ending, error, output) = try check(in: scratch, arguments + ["--worker", "12"])
            #expect(ending == .exited(0))
            #expect(error.isEmpty)
            #expect(output.hasPrefix("The configuration is good."))
            #expect(row("worker", of: output) == "12")
            #expect(row("IDs per second", of: output) == "4096000")
            #expect(row("store", of: output) == "sqlite:\(scratch.file("deep/firn.db"))")
            // Besides what it printed, kept here by the test itself.
            let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
            #expect(left.allSatisfy { $0.hasSuffix(".out") || $0.hasSuffix(".err") }, "\(left)")
        }
    }

    /// HTTP has no more threads than the layout's IDs keep busy, and never none.
    @Test(arguments: [
        (8, 4_096_000.0, 8), (8, 25_600, 1), (8, 50_000, 1), (8, 50_001, 2), (8, 51_200, 2), (1, 4_096_000, 1),
        (4, 100_000, 2), (2, 0.001, 1),
    ]) func httpHasTheThreadsThatItsIDsKeepBusy(_ shards: Int, _ idsPerSecond: Double, _ threads: Int) {
        #expect(HTTPConfiguration.threads(shards: shards, idsPerSecond: idsPerSecond) == threads)
    }

    /// It is no error: firnd counts from the epoch itself.
    @Test func anEpochOffTheTickIsNotedInSonyflakesOrder() throws {
        try withScratch { scratch in
            let layout = "time:39x10ms@2025-01-01T00:00:00.007Z,sequence:8,worker:16"
            let (ending, _, output) = try check(in: scratch, ["--layout", layout])
            #expect(ending == .exited(0) && output.contains("write /floored after the epoch"), "\(output)")
            let floored = try check(in: scratch, ["--layout", "sonyflake-v2@2025-01-01T00:00:00.017Z"]).2
            #expect(row("layout", of: floored) == "time:39x10ms@2025-01-01T00:00:00.010Z,sequence:8,worker:16")
            #expect(!floored.contains("/floored"), "\(floored)")
        }
    }

    /// The store remembers the layout of the first start, which is late to see that a name was misspelt.
    @Test func aPartThatIsProbablyTheSequenceIsWarnedOf() throws {
        try withScratch { scratch in
            let (ending, _, output) = try check(in: scratch, ["--layout", "time:41ms,worker:10,sequnce:12"])
            #expect(ending == .exited(0), "\(output)")
            #expect(output.contains("\nWarning: The field sequnce of the layout time:"), "\(output)")
            #expect(output.contains("if it counts the IDs of a tick, call it sequence.\n"), "\(output)")
        }
    }

    @Test func aRateBelowOnePerSecondIsToldInALongerUnit() throws {
        try withScratch { scratch in
            let layout = "time:30h@2025-01-01T00:00:00Z,worker:10,sequence:4"
            let hours = try check(in: scratch, ["--layout", layout, "--workers", "3"]).2
            #expect(row("IDs per hour", of: hours) == "48", "\(hours)")
            #expect(row("IDs per second", of: hours) == nil)
        }
    }

    @Test func httpThreadsAreToldAndChosen() throws {
        try withScratch { scratch in
            let http = ["--http", "127.0.0.1:0", "--shards", "4"]
            let usual = try check(in: scratch, http).2
            #expect(row("HTTP threads", of: usual) == "4")
            let slow = try check(in: scratch, http + ["--layout", "sonyflake", "--worker", "3"]).2
            #expect(row("HTTP threads", of: slow) == "1")
            let chosen = try check(in: scratch, http + ["--http-threads", "3"]).2
            #expect(row("HTTP threads", of: chosen) == "3")
            #expect(row("HTTP threads", of: try check(in: scratch, ["--shards", "4"]).2) == "none")
        }
    }

    @Test(arguments: [
        (["--layout", "time:41ms,worker:20,sequence:12"], "73 bits"),
        (["--layout", "blizzard"], "blizzard"),
        (["--layout", "pinterest"], "no time"),
        (["--layout", "time:41ms@0/descending,worker:10"], "has a time that counts down"),
        (["--layout", "worker:10,time:41ms@0"], "has the field worker above the time"),
        (["--layout", "time:41ms@0,worker:10,rest:3/random"], "has random bits in the field rest"),
        (["--layout", "time:41ms@0,dc:5,sequence:12,node:5"], "has a worker in separate pieces, dc, node"),
        (["--layout", "time:41ms@0,worker:10,sequence:12/first=1"], "begins each tick with the sequence number 1"),
        (
            ["--layout", "time:41ms@0,worker:10,sequence:12/reserved=1-4"],
            "a daemon gives out all; choose another --layout (firn decode reads such IDs)"
        ),
        (["--layout", "time:41ms@0,worker:5,worker:5"], "(character 22)"),
        (["--worker", "1024"], "1023"),
        (["--worker", "someone"], "'someone'"),
        (["--worker", "3", "--workers", "2"], "--worker auto"),
        (["--exclude-workers", "0-31,x"], "--exclude-workers: 'x' (character 6) is no worker"),
        (["--exclude-workers", "0-31,,5"], "'' (character 6) is no worker"),
        (["--exclude-workers", "31-0"], "'31-0' (character 1) ends below its start; write 0-31"),
        (["--exclude-workers", "4294967296"], "'4294967296' (character 1) is above every layout's workers"),
        (
            ["--exclude-workers", "7,1020-1024"],
            "1020-1024 goes beyond the layout snowflake, whose last worker is 1023"
        ),
        (["--exclude-workers", "0-511,512-1023"], "--exclude-workers 0-1023 leaves none of the workers 0 to 1023"),
        (["--exclude-workers", "0-31", "--worker", "7"], "--worker 7 is one of --exclude-workers 0-31"),
        (
            ["--exclude-workers", "0-31", "--worker", "pod-ip", "--pod-ip", "10.0.4.7"],
            "--worker pod-ip (7) is one of --exclude-workers 0-31"
        ),
        (["--exclude-workers", "0-1022", "--workers", "2"], "--exclude-workers 0-1022 leaves 1 of the layout"),
        (["--http", "3000"], "--http: '3000' lacks a port from 0 to 65535; write HOST:PORT"),
        (["--admin", "::1:3000"], "--admin: '::1:3000': put an IPv6 address in brackets, as in [::1]:7300"),
        (["--http", ":3000"], "--http: ':3000' lacks a host; write 127.0.0.1:3000"),
        (["--config", "/dev/null", "--config", "/dev/null"], "--config is given 2 times"),
        (["--worker", "pod-ip"], "MY_IP"),
        (["--worker", "pod-ip", "--pod-ip", "fd00::1"], "fd00::1"),
        (["--workers", "1025"], "1025"),
        (["--http-threads", "0"], "--http-threads is 0; choose 1 to 256"),
        (["--socket-mode", "0888"], "'0888'"),
        (["--socket-owner", "no-user"], "--socket-owner is 'no-user', and there is no such user"),
        (["--socket-group", "4294967295"], "--socket-group is '4294967295', and the highest number is 4294967294"),
        (["--allow-uid", "root", "--allow-uid", "no-user"], "--allow-uid is 'no-user', and there is no such user"),
        (["--allow-gid", "no-group"], "--allow-gid is 'no-group', and there is no such group"),
        (["--store", "etcd:"], "HOST:PORT"),
        (["--store", "etcd:etcd-0"], "'etcd-0' is not HOST:PORT"),
        (["--store", "etcd:a:1,b"], "'b' is not HOST:PORT"),
        (["--store", "etcd:a:1,a:1"], "a:1 is in it twice"),
        (["--store", "etcd:http://a:2379"], "'http://a:2379' is not HOST:PORT"),
        (["--etcd-user", "u"], "--etcd-user needs --store etcd:"),
        (["--store", "etcd:a:1", "--etcd-user", "u"], "--etcd-password-file"),
        (["--store", "etcd:a:1", "--etcd-cert", "/proc/version"], "--etcd-key"),
        (["--store", "etcd:a:1", "--etcd-ca", "/none/of/these"], "/none/of/these cannot be read"),
        (["--store", "etcd:a:1", "--etcd-ca", "/proc/version"], "/proc/version holds no certificate in PEM form"),
        (
            ["--store", "etcd:a:1", "--etcd-cert", "/proc/version", "--etcd-key", "/proc/version"],
            "/proc/version holds no certificate in PEM form"
        ),
        (["--store", "etcd:a:1", "--etcd-user", "u", "--etcd-password-file", "/dev/null"], "/dev/null is empty"),
        (["--store", "etcd:a:1", "--etcd-prefix", "firn"], "'firn'"),
        (["--store", "etcd:a:1", "--window", "3s", "--etcd-timeout", "2s"], "--etcd-timeout is 2s"),
        (["--store", "postgres://a/b", "--window", "3s", "--postgres-timeout", "2s"], "--postgres-timeout is 2s"),
        (["--postgres-timeout", "1s"], "--postgres-timeout needs --store postgres://"),
        (["--store", "etcd:a:1", "--postgres-timeout", "1s"], "--postgres-timeout needs --store postgres://"),
        (["--store", "postgres://a/b", "--etcd-user", "u"], "--etcd-user needs --store etcd:"),
        (["--store", "postgres://a/b?sslmod=require"], "sslmod"),
        (["--store", "postgres://u:hunter2@a/b"], "PGPASSFILE"),
        (["--store", "postgresql+psycopg2://u:hunter2@a/b"], "'postgresql+psycopg2…'"),
        (["--store", "jdbc:postgresql://a/b?user=u&password=hunter2"], "'jdbc…'"),
        (["--store", "host=a password=hunter2"], "'host…'"), (["--store", "postgres:u:hunter2@a/b"], "'postgres…'"),
        (["--listen", "udp:localhost:1"], "udp:localhost:1"),
        (["--listen", "tcp:127.0.0.1"], "port"),
        (["--listen", "unix:@abstract"], "abstract"),
        (["--store", "postgres:db"], "postgres:db"),
        (["--shards", "0"], "--shards is 0"),
        (["--max-batch", "65537"], "65536"),
        (["--frame-timeout", "off"], "--frame-timeout"),
        (["--log-level", "loud"], "loud"),
    ])
    func aBadValueIsRefusedInWords(_ arguments: [String], _ message: String) throws {
        try withScratch { scratch in
            let (ending, error, _) = try check(in: scratch, arguments)
            #expect(ending == .exited(78))
            #expect(error.contains(message), "\(error)")
            #expect(error.hasPrefix("firnd: ") && !error.contains("hunter2"))
        }
    }

    @Test func whatIsLeftWithoutExcludedWorkersIsTold() throws {
        try withScratch { scratch in
            let usual = try check(in: scratch, [])
            #expect(row("worker", of: usual.output) == "auto, 1 of 1024")
            let left = try check(in: scratch, ["--exclude-workers", "77,0-31,5", "--workers", "3"])
            #expect(left.ending == .exited(0), "\(left.error)")
            #expect(row("worker", of: left.output) == "auto, 3 of 991 that are left without 0-31,77")
            #expect(try check(in: scratch, ["--exclude-workers", "0-31", "--worker", "32"]).ending == .exited(0))
        }
    }

    @Test(arguments: [["--no-such-option"], ["--window", "3 parsecs"], ["--shards", "two"]])
    func aCommandLineThatCannotBeReadIsRefused(_ arguments: [String]) throws {
        try withScratch { scratch in
            let (ending, error, _) = try check(in: scratch, arguments)
            #expect(ending == .exited(64))
            #expect(error.contains(arguments[0]))
        }
    }

    /// The names in the help, each with a value that is allowed. A new option wants its line here.
    private static func values(_ certificates: TestCertificates) -> [String: String] {
        [
            "listen": "tcp:127.0.0.1:0", "socket-mode": "0600", "socket-owner": "0", "socket-group": "0",
            "allow-uid": "daemon", "allow-gid": "2", "insecure-tcp": "true", "layout": "discord",
            "store": "etcd:127.0.0.1:1", "state-dir": "none", "worker": "auto", "pod-ip": "10.0.0.1",
            "workers": "2", "shards": "3", "http-threads": "2", "window": "4s", "clock-tolerance": "5m",
            "max-batch": "6", "rest-after": "21s",
            "etcd-prefix": "/p/", "etcd-ca": certificates.authority.certificate,
            "etcd-cert": certificates.client.certificate, "etcd-key": certificates.client.key,
            "etcd-server-name": "etcd", "etcd-user": "u", "etcd-password-file": "/proc/version",
            "etcd-timeout": "1s", "sequences-explicit": "true", "sequence-block": "17",
            "max-sequence-block": "18", "max-sequences": "19", "max-connections": "7",
            "max-connections-per-uid": "8", "max-waiting-calls": "9", "max-unsent-bytes": "1024",
            "tls-cert": certificates.server.certificate, "tls-key": certificates.server.key,
            "tls-client-ca": certificates.authority.certificate, "tls-allow-name": "app.example.com",
            "http": "tls:127.0.0.1:3000", "admin": "127.0.0.1:3001", "max-http-connections": "10",
            "max-grpc-connections": "10", "grpc": "127.0.0.1:3002", "grpc-threads": "2",
            "http-idle-timeout": "61s", "max-frames-per-turn": "11", "send-timeout": "12s",
            "frame-timeout": "13s", "unix-idle-timeout": "14s", "tcp-idle-timeout": "off",
            "drain-timeout": "16s", "drain-delay": "20s", "log-level": "debug", "log-format": "json",
            "first-sequence": "random", "http-allow-origin": "https://app.example.com",
            "http-allow-host": "ids.example.com", "max-leases": "22", "lease-window": "23s",
            "max-lease-window": "24s", "serve-store": "true", "exclude-workers": "0-31,77",
        ]
    }

    @Test func everyOptionCanComeFromFileAndEnvironment() throws {
        let certificates = try TestCertificates()
        defer { withExtendedLifetime(certificates) {} }
        try withScratch { scratch in
            var values = Self.values(certificates)
            let tokens = try scratch.write("tokens", "app 0123456789abcdef\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tokens)
            values["token-file"] = tokens
            let help = try runToEnd(in: scratch, ["--help"])
            #expect(help.ending == .exited(0))
            let names = Set(
                help.output.split(separator: "\n").compactMap { line in
                    line.wholeMatch(of: /\s+(?:-\w, )?--([a-z-]+)(?:\s.*)?/).map { String($0.1) }
                }
            )
            // Of the stores' options only one's can be given.
            let others: Set = [
                "help", "version", "check", "config", "postgres-timeout", "upstream-token-file", "upstream-ca",
                "upstream-cert", "upstream-key", "upstream-server-name", "upstream-timeout",
            ]
            #expect(names.subtracting(others) == Set(values.keys))

            let file = try scratch.write("all.conf", values.map { "\($0) = \($1)\n" }.sorted().joined())
            // An empty variable counts as none; the tests' daemons have one for their state directory.
            let none = ["FIRN_STATE_DIR": ""]
            let fromFile = try runToEnd(in: scratch, ["--check", "--config", file], environment: none)
            #expect(fromFile.ending == .exited(0), "\(fromFile.error)")
            let environment = Dictionary(uniqueKeysWithValues: values.map { (variable("--" + $0), $1) })
            let fromEnvironment = try runToEnd(in: scratch, ["--check"], environment: environment)
            #expect(fromEnvironment.ending == .exited(0), "\(fromEnvironment.error)")
            #expect(fromEnvironment.output == fromFile.output)
            for (row, value) in [
                ("shards", "3"), ("HTTP threads", "2"), ("window", "4.0 seconds"), ("connections", "7"),
                ("listen", "tcp:127.0.0.1:0"),
            ] {
                #expect(self.row(row, of: fromFile.output) == value)
            }
        }
    }

    @Test func thePostgreSQLOptionCanComeFromFileAndEnvironment() throws {
        try withScratch { scratch in
            let settings = ["store": "postgres://firn@127.0.0.1:1/firn", "window": "6s", "postgres-timeout": "2s"]
            let file = try scratch.write("some.conf", settings.map { "\($0) = \($1)\n" }.sorted().joined())
            let fromFile = try runToEnd(in: scratch, ["--check", "--config", file])
            #expect(fromFile.ending == .exited(0), "\(fromFile.error)")
            let environment = Dictionary(uniqueKeysWithValues: settings.map { (variable("--" + $0), $1) })
            let fromEnvironment = try runToEnd(in: scratch, ["--check"], environment: environment)
            #expect(fromEnvironment.ending == .exited(0) && fromEnvironment.output == fromFile.output)
            #expect(row("store", of: fromFile.output) == "postgres://firn@127.0.0.1:1/firn")
            let tooLong = try runToEnd(
                in: scratch,
                ["--check"],
                environment: environment.merging(["FIRN_POSTGRES_TIMEOUT": "3s"]) { $1 }
            )
            #expect(tooLong.ending == .exited(78) && tooLong.error.contains("--postgres-timeout is 3s"))
        }
    }

    @Test func listensWhereTheEnvironmentSays() throws {
        try withScratch { scratch in
            let (a, b) = (scratch.file("a.sock"), scratch.file("b.sock"))
            let environment = ["FIRN_LISTEN": "unix:\(a) unix:\(b)", "FIRN_STORE": "memory", "FIRN_WORKER": "31"]
            let daemon = try Daemon(in: scratch, arguments: [], environment: environment)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                for path in [a, b] { #expect(try Peer.unix(path).describe().workers == [31]) }
            }
        }
    }

    @Test func logsJSONWhereThatIsWanted() throws {
        try withDaemonLoggingJSON { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["level"] as? String == "info")
            #expect(object?["layout"] as? String == "snowflake")
        }
    }

    private func withDaemonLoggingJSON(_ body: (Substring) throws -> Void) throws {
        try withScratch { scratch in
            let arguments = [
                "--log-format", "json", "--store", "memory", "--listen", "unix:\(scratch.file("firn.sock"))",
            ]
            let daemon = try Daemon(in: scratch, arguments: arguments)
            try withExtendedLifetime(daemon) {
                try eventually("it serves") { !daemon.lines(with: "\"message\":\"serving\"").isEmpty }
                try body(daemon.lines(with: "\"message\":\"serving\"")[0])
            }
        }
    }
}
