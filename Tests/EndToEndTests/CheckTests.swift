import Foundation
import Testing

/// `--check` says of a configuration what the start says of it, with the same exit code, and leaves everything as it was.
@Suite struct CheckTests {
    /// What the files below a directory are: names, kinds and modes; and times and contents, unless a daemon writes
    /// there.
    private func snapshot(_ scratch: Scratch, contents: Bool = true) throws -> [String: String] {
        var files: [String: String] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: scratch.path)! {
            // What the programs printed, kept by the tests themselves.
            guard !name.hasSuffix(".out"), !name.hasSuffix(".err") else { continue }
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file(name))
            files[name] = "\(attributes[.type]!) \(attributes[.posixPermissions]!)"
            guard contents else { continue }
            let content = FileManager.default.contents(atPath: scratch.file(name)).map { $0.base64EncodedString() }
            files[name]! += " \(attributes[.modificationDate]!) \(content ?? "")"
        }
        return files
    }

    /// Runs the check and the start of what is to be refused.
    private func expectRefusal(
        in scratch: Scratch,
        _ arguments: [String],
        _ code: Int32,
        _ message: String,
        environment: [String: String] = [:],
        besideDaemon: Bool = false
    ) throws {
        let before = try snapshot(scratch, contents: !besideDaemon)
        let check = try runToEnd(in: scratch, ["--check"] + arguments, environment: environment)
        #expect(check.ending == .exited(code), "\(check.output)\(check.error)")
        #expect(check.error.contains(message), "\(check.error)")
        #expect(check.output.isEmpty)
        #expect(try snapshot(scratch, contents: !besideDaemon) == before)
        let start = try runToEnd(in: scratch, arguments, environment: environment)
        #expect(start.ending == check.ending)
        // The same words, but for the time of day; the start may have logged something before.
        let (said, expected) = (Self.timeless(start.error), Self.timeless(check.error))
        #expect(said.hasSuffix(expected), "\(said) after \(expected)")
    }

    private static func timeless(_ text: String) -> String {
        text.replacing(/\d\d:\d\d:\d\d\.\d+Z/, with: "…")
    }

    private static func base(_ scratch: Scratch) -> [String] {
        ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"]
    }

    @Test(arguments: [
        (["--listen", "tcp:[::]:23999"], "firnd: --listen tcp:[::]:23999 can be reached from other hosts"),
        (["--listen", "tcp:0.0.0.0:23999"], "firnd: --listen tcp:0.0.0.0:23999 can be reached"),
        (["--http", "[::]:23999"], "firnd: --http [::]:23999 can be reached from other hosts"),
        (["--admin", "0.0.0.0:23999"], "firnd: --admin 0.0.0.0:23999 can be reached from other hosts"),
        (["--http", "no.such.host.invalid:1"], "the host 'no.such.host.invalid' of --http no.such.host.invalid:1"),
        (
            ["--insecure-tcp", "--listen", "tcp:[::]:23999", "--listen", "tcp:127.0.0.1:23999"],
            "--listen tcp:[::]:23999 is where --listen tcp:127.0.0.1:23999 is to listen too"
        ),
        (
            ["--http", "127.0.0.1:23999", "--admin", "127.0.0.1:23999"],
            "--http 127.0.0.1:23999 is where --admin 127.0.0.1:23999 is to listen too"
        ),
        (
            ["--layout", "time:28x1s@2016-05-19T16:00:00Z,worker:22,sequence:13"],
            "ended at 2024-11-20T13:24:16"
        ),
        (["--layout", "time:41ms@2100-01-01T00:00:00Z,worker:10,sequence:12"], "begins at 2100-01-01T00:00:00"),
    ])
    func whatTheStartRefuses(_ arguments: [String], _ message: String) throws {
        try withScratch { scratch in
            try expectRefusal(in: scratch, Self.base(scratch) + arguments, 78, message)
        }
    }

    /// 192.0.2.1 is for documents (RFC 5737), and no host's.
    @Test func addressesOfOtherHosts() throws {
        try withScratch { scratch in
            let arguments = Self.base(scratch) + ["--insecure-tcp", "--http", "192.0.2.1:23998"]
            try expectRefusal(in: scratch, arguments, 71, "cannot bind --http 192.0.2.1:23998")
        }
    }

    @Test func placesThatAreNotThere() throws {
        try withScratch { scratch in
            let socket = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            let away = scratch.file("none/of/these")
            let file = try scratch.write("file", "")
            try expectRefusal(
                in: scratch,
                ["--store", "memory", "--listen", "unix:\(away)/firn.sock"],
                71,
                "the directory \(away) of the socket \(away)/firn.sock"
            )
            try expectRefusal(
                in: scratch,
                ["--store", "memory", "--listen", "unix:\(file)/firn.sock"],
                71,
                "\(file)"
            )
            try expectRefusal(
                in: scratch,
                ["--store", "memory", "--listen", "unix:\(file)"],
                78,
                "\(file) is there and is not a socket"
            )
            try expectRefusal(
                in: scratch,
                socket + ["--store", "sqlite:\(away)/firn.db"],
                74,
                "cannot make the directory \(away)"
            )
            try expectRefusal(
                in: scratch,
                socket + ["--store", "sqlite:\(file)/firn.db"],
                74,
                "\(file) is no directory; give --store another path"
            )
            try expectRefusal(
                in: scratch,
                socket + ["--store", "sqlite:\(scratch.store)", "--state-dir", away],
                74,
                "give --state-dir another path"
            )
        }
    }

    @Test func storesOfOthers() throws {
        try withScratch { scratch in
            let socket = ["--listen", "unix:\(scratch.file("firn.sock"))"]
            let text = try scratch.write("text.db", "these are not the records that you are looking for\n")
            try expectRefusal(in: scratch, socket + ["--store", "sqlite:\(text)"], 78, "is not a Firn store")
            func database(_ name: String, _ statements: String) throws -> String {
                try StoreFile(scratch.file(name)).run(statements)
                return scratch.file(name)
            }
            let other = try database("other.db", "PRAGMA application_id = 7; CREATE TABLE t (a)")
            try expectRefusal(in: scratch, socket + ["--store", "sqlite:\(other)"], 78, "of another application")
            let newer = try database(
                "newer.db",
                "PRAGMA application_id = 0x4669726E; PRAGMA user_version = 99; CREATE TABLE t (a)"
            )
            try expectRefusal(in: scratch, socket + ["--store", "sqlite:\(newer)"], 78, "has format 99")
        }
    }

    /// Also while a daemon uses it, and after one was killed, with its log beside the file.
    @Test func aStoreOfAnotherLayout() throws {
        try withScratch { scratch in
            let arguments = [
                "--listen", "unix:\(scratch.file("second.sock"))", "--store", "sqlite:\(scratch.store)", "--layout",
                "discord",
            ]
            try withDaemon(in: scratch) { daemon in
                // Enough for the first records to go from the log to the file.
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            try expectRefusal(in: scratch, arguments, 78, "use the layout snowflake, and this one was given discord")
            try withDaemon(in: scratch) { daemon in
                let check = try runToEnd(in: scratch, ["--check"] + arguments)
                #expect(check.ending == .exited(78) && check.error.contains("use the layout snowflake"))
                daemon.signal(SIGKILL)
                _ = try daemon.waitForExit()
            }
            let before = try snapshot(scratch)
            let check = try runToEnd(in: scratch, ["--check"] + arguments)
            #expect(check.ending == .exited(78))
            #expect(try snapshot(scratch) == before)
            let same = try runToEnd(in: scratch, ["--check"] + arguments.dropLast(2))
            #expect(same.ending == .exited(0))
            #expect(try snapshot(scratch) == before)
        }
    }

    @Test func aClockThatIsBehindTheStore() throws {
        try withScratch { scratch in
            let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            try withDaemon(in: scratch, ["--clock-offset=+5h"]) { daemon in
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            try expectRefusal(in: scratch, arguments, 78, "the wall clock says")
        }
    }

    /// A restored store, and one that was copied: what only the state directory and the file's place tell.
    @Test func storesThatAreNotWhatTheyWere() throws {
        try withScratch { scratch in
            // Longer than the test, so that no window is extended between the copy and the stop.
            let worker = ["--worker", "5", "--window", "60s"]
            let arguments =
                worker + ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            let backup = scratch.file("backup.db")
            try withDaemon(in: scratch, worker) { daemon in
                try StoreFile(scratch.store).run("VACUUM INTO '\(backup)'")
                daemon.signal(SIGTERM)
                _ = try daemon.waitForExit()
            }
            let copy = scratch.file("copied.db")
            try FileManager.default.copyItem(atPath: scratch.store, toPath: copy)
            let copied = ["--listen", "unix:\(scratch.file("copied.sock"))", "--store", "sqlite:\(copy)"]
            try expectRefusal(in: scratch, worker + copied, 78, "firn store adopt --store sqlite:\(copy)")
            let auto = try runToEnd(in: scratch, ["--check"] + copied)
            #expect(auto.ending == .exited(0) && auto.output.contains("this is another file"), "\(auto)")
            try FileManager.default.removeItem(atPath: scratch.store)
            try FileManager.default.copyItem(atPath: backup, toPath: scratch.store)
            try expectRefusal(in: scratch, arguments, 78, "restored from an older copy")
        }
    }

    /// What is in the log alone: of a daemon that was killed, and of one that runs.
    @Test func aStoreThatIsInUseOrWasLeftIsReadWithItsLog() throws {
        try withScratch { scratch in
            let arguments = ["--listen", "unix:\(scratch.file("other.sock"))", "--store", "sqlite:\(scratch.store)"]
            try withDaemon(in: scratch, ["--layout", "sonyflake"]) { daemon in
                _ = try Peer.unix(daemon.socketPath).nextID()
                // Its daemon extends its window in the meantime.
                try expectRefusal(in: scratch, arguments, 78, "use the layout", besideDaemon: true)
                for _ in 0..<20 {
                    let check = try runToEnd(in: scratch, ["--check", "--layout", "sonyflake"] + arguments)
                    #expect(check.ending == .exited(0) && !check.output.contains("will be made"), "\(check)")
                }
                daemon.signal(SIGKILL)
                _ = try daemon.waitForExit()
            }
            try expectRefusal(in: scratch, arguments, 78, "use the layout")
        }
    }

    /// The socket that is used where none is named, in mounts of the test's own.
    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func theStandardSocketInUseIsANote() throws {
        try withScratch { scratch in
            let script = """
                mount -t tmpfs none /run && mount -t tmpfs none /var/lib || exit 99
                "$1" --store memory 2>/dev/null & daemon=$!
                for turn in $(seq 500); do
                    notes=$("$1" --check --store memory)
                    case $notes in *"is in use"*) break ;; esac
                    sleep 0.02
                done
                kill $daemon; wait $daemon
                echo "$notes"
                """
            let command = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh", Daemon.executable]
            let (code, output) = try Program.run(command, in: scratch)
            guard code != 99 else { return }
            #expect(code == 0 && output.contains("Note: --listen unix:/run/firn/firn.sock is in use"), "\(output)")
        }
    }

    /// What may be otherwise in a moment is no refusal.
    @Test func whatIsInUseIsANote() throws {
        try withDaemon(["--http", "127.0.0.1:0", "--store", "memory"]) { daemon in
            try withScratch { scratch in
                let port = try daemon.httpPort()
                let arguments = [
                    "--check", "--listen", "unix:\(daemon.socketPath)", "--http", "127.0.0.1:\(port)", "--store",
                    "memory",
                ]
                let check = try runToEnd(in: scratch, arguments)
                #expect(check.ending == .exited(0), "\(check.error)")
                let notes = check.output.split(separator: "\n").filter { $0.hasPrefix("Note: ") }
                #expect(notes.contains { $0.contains("--listen unix:\(daemon.socketPath) is in use") }, "\(notes)")
                #expect(notes.contains { $0.contains("--http 127.0.0.1:\(port) is in use") }, "\(notes)")
                // Nobody noticed.
                _ = try Peer.unix(daemon.socketPath).nextID()
            }
        }
    }

    @Test func whatWillBeMadeIsANoteAndIsNotMade() throws {
        try withScratch { scratch in
            let state = scratch.file("new-state")
            let arguments = [
                "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.file("deep/firn.db"))",
                "--state-dir", state,
            ]
            let before = try snapshot(scratch)
            let check = try runToEnd(in: scratch, ["--check"] + arguments)
            #expect(check.ending == .exited(0), "\(check.error)")
            #expect(check.output.contains("Note: the directory \(state) is not there and will be made"))
            #expect(
                check.output.contains("Note: the store \(scratch.file("deep/firn.db")) is not there and will be made")
            )
            #expect(try snapshot(scratch) == before)
        }
    }
}
