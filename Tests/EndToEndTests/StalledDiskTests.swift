import EtcdTestSupport
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// A disk that stands still: the thread that waits for it can say nothing, and so others do.
@Suite struct StalledDiskTests {
    private struct Stalled {
        let daemon: Daemon
        let disk: StallableDisk
        let admin: UInt16

        func readiness() throws -> (status: Int, words: String) {
            let answer = try HTTPPeer.ask("GET", "/readyz", port: admin)
            return (answer.status, answer.body)
        }

        func readyMetric() throws -> String? {
            try HTTPPeer.ask("GET", "/metrics", port: admin).body.split(separator: "\n")
                .first { $0.hasPrefix("firn_ready ") }.map(String.init)
        }
    }

    private func withStallableDaemon(_ body: (Stalled) throws -> Void) throws {
        try withScratch { scratch in
            let disk = try StallableDisk(in: scratch)
            let admin = try freePorts(1)[0]
            let daemon = try Daemon(
                in: scratch,
                arguments: [
                    "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)",
                    "--worker", "9", "--window", "1s", "--admin", "127.0.0.1:\(admin)",
                ],
                environment: disk.environment
            )
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                try body(Stalled(daemon: daemon, disk: disk, admin: admin))
            }
        }
    }

    @Test func readyIsWhatCallsAreToldAndTheLogSaysWhatIsWaitedFor() throws {
        try withStallableDaemon { stalled in
            let daemon = stalled.daemon
            let peer = try Peer.unix(daemon.socketPath)
            let before = try peer.nextID()
            #expect(try stalled.readiness().status == 200 && stalled.readyMetric() == "firn_ready 1")
            try stalled.disk.stall()
            var refusal: Status?
            try eventually("the window ends") {
                if case .error(let status) = try peer.call(.nextID) { refusal = status }
                return refusal != nil
            }
            #expect(refusal?.code == .unavailable)
            // At the very next moment.
            let (status, words) = try stalled.readiness()
            #expect(status == 503 && words.hasPrefix("not ready: the window of worker 9 ended at "), "\(words)")
            #expect(try stalled.readyMetric() == "firn_ready 0")
            var hints: [UInt32] = []
            try eventually("callers are told to come again later and later") {
                guard case .error(let status) = try peer.call(.nextID) else { throw TestFailure("it serves") }
                hints.append(status.retryAfterMilliseconds)
                sleep(.milliseconds(20))
                return status.retryAfterMilliseconds == 1000
            }
            #expect(hints == hints.sorted() && hints[0] < 1000)
            try eventually("the log says what is waited for") {
                daemon.lines(with: "warning a thread waits for the store, or its disk").contains {
                    $0.contains("waits_for=\"write workers/9\"")
                        || $0.contains("waits_for=\"write the state directory\"")
                }
            }
            #expect(try stalled.readiness().words.contains("the store is waited for: write "))
            try stalled.disk.goOn()
            try eventually("it serves again") { (try? peer.nextID()).map { $0 > before } ?? false }
            try eventually("and is ready") { try stalled.readiness().status == 200 }
            try eventually("the log says that it is over") {
                !daemon.lines(with: "the wait for the store, or its disk, is over").isEmpty
            }
        }
    }

    /// The threads that wait for signals, and to write the log, cost a daemon at rest nothing.
    @Test func nobodyWakesUpToWatch() throws {
        try withStallableDaemon { stalled in
            let pid = stalled.daemon.pid
            _ = try Peer.unix(stalled.daemon.socketPath).nextID()
            let watched = Set(["signals", "log", "firnd"])
            var before: [String: Int] = [:]
            try eventually("it has begun", every: .milliseconds(300)) {
                let last = before
                before = try Self.switches(of: pid).filter { watched.contains($0.key) }
                return before == last && Set(before.keys) == watched
            }
            // That nothing happens needs a time: longer than any watch over signals, the log or the store would sleep.
            sleep(.seconds(3))
            #expect(try Self.switches(of: pid).filter { watched.contains($0.key) } == before)
        }
    }

    /// How often each thread has slept, by its name.
    private static func switches(of pid: pid_t) throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
            let text = try String(contentsOfFile: "/proc/\(pid)/task/\(task)/status", encoding: .utf8)
            let lines = text.split(separator: "\n")
            guard let name = lines.first(where: { $0.hasPrefix("Name:") })?.split(separator: "\t").last,
                let count = lines.first(where: { $0.hasPrefix("voluntary_ctxt_switches:") })?.split(separator: "\t")
                    .last
            else { continue }
            counts[String(name), default: 0] += Int(count) ?? 0
        }
        return counts
    }
}
