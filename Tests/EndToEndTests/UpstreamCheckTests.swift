import Foundation
import Testing

/// `--check` and the start of a daemon that has another one's store, and what is said of leases.
@Suite struct UpstreamCheckTests {
    private static func upstream(in scratch: Scratch, _ more: [String]) throws -> Daemon {
        let daemon = try Daemon(
            in: scratch,
            name: "upstream",
            arguments: ["--listen", "unix:" + scratch.file("upstream.sock"), "--store", "sqlite:" + scratch.store]
                + more
        )
        try daemon.waitUntilServing()
        return daemon
    }

    private static func sidecar(in scratch: Scratch, _ more: [String] = []) -> [String] {
        [
            "--listen", "unix:" + scratch.file("firn.sock"), "--store",
            "firn:unix:" + scratch.file("upstream.sock"), "--upstream-timeout", "1s",
        ] + more
    }

    @Test func oneThatServesItsStoreIsAskedForItsLayout() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch, ["--serve-store"])
            let good = try runToEnd(in: scratch, ["--check"] + Self.sidecar(in: scratch))
            #expect(good.ending == .exited(0), "\(good.error)")
            #expect(good.output.contains("Note: the daemons of --store answer, and their store has this layout"))
            let other = try runToEnd(in: scratch, ["--check", "--layout", "discord"] + Self.sidecar(in: scratch))
            #expect(other.ending == .exited(78) && other.error.contains("IDs of two layouts can be equal"), "\(other)")
            withExtendedLifetime(upstream) {}
        }
    }

    @Test func oneThatDoesNotServeItsStoreIsRefused() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch, [])
            let check = try runToEnd(in: scratch, ["--check"] + Self.sidecar(in: scratch))
            #expect(check.ending == .exited(78) && check.error.contains("--serve-store"), "\(check)")
            withExtendedLifetime(upstream) {}
        }
    }

    /// It may be there when the daemon starts.
    @Test func oneThatIsAwayIsANote() throws {
        try withScratch { scratch in
            let check = try runToEnd(in: scratch, ["--check"] + Self.sidecar(in: scratch))
            #expect(check.ending == .exited(0), "\(check.error)")
            #expect(check.output.contains("Note: a daemon that is started now waits until those of --store answer"))
        }
    }

    @Test func aDaemonIsNotItsOwnStore() throws {
        try withScratch { scratch in
            let socket = "unix:" + scratch.file("firn.sock")
            for (listen, store) in [
                (socket, "firn:\(socket)"), (socket, "firn:unix:\(scratch.file("a.sock")),\(socket)"),
                ("tcp:127.0.0.1:23999", "firn:tcp:localhost:23999"),
            ] {
                let arguments = ["--listen", listen, "--store", store]
                for words in [["--check"] + arguments, arguments] {
                    let run = try runToEnd(in: scratch, words)
                    #expect(run.ending == .exited(78), "\(run)")
                    #expect(run.error.contains("where this daemon itself listens (--listen \(listen))"), "\(run.error)")
                }
            }
        }
    }

    @Test func leasesAreInTheCheck() throws {
        try withScratch { scratch in
            func check(_ more: [String]) throws -> String {
                let run = try runToEnd(in: scratch, ["--check", "--store", "sqlite:" + scratch.store] + more)
                #expect(run.ending == .exited(0), "\(run.error)")
                return run.output
            }
            let usual = try check(["--serve-store"])
            #expect(usual.contains("up to 256, for 60.0 seconds unless asked, for 300.0 seconds at most"), "\(usual)")
            #expect(usual.contains("  serves its store  yes") && !usual.contains("--max-leases"), "\(usual)")
            #expect(try check(["--max-leases", "0"]).contains(/leases +none/))
            let all = try check(["--max-leases", "1024"])
            #expect(all.contains("Warning: --max-leases is 1024, and the layout snowflake has 1024 workers"), "\(all)")
            #expect(try !check(["--max-leases", "1023"]).contains("Warning"))
        }
    }

    /// What passes its time is not the caller's, but the daemon's option.
    @Test func aTimeoutNamesItsOption() throws {
        try withScratch { scratch in
            let upstream = try Self.upstream(in: scratch, ["--serve-store"])
            upstream.signal(SIGSTOP)
            defer { upstream.signal(SIGCONT) }
            let check = try runToEnd(in: scratch, ["--check"] + Self.sidecar(in: scratch))
            #expect(check.output.contains("did not answer within 1.0 seconds"), "\(check)")
            #expect(check.output.contains("raise --upstream-timeout"), "\(check)")
        }
    }
}
