import FirnLayout
import FirnStore
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// A daemon from which nobody takes IDs: it writes nothing, and serves the next request after one write.
@Suite struct RestTests {
    private static let arguments = ["--window", "300ms", "--rest-after", "400ms", "--admin", "127.0.0.1:0"]

    private static func ids(_ outcome: Response.Outcome) throws -> [UInt64] {
        switch outcome {
        case .nextID(let id): return [id.rawValue]
        case .nextBatch(let runs): return runs.flatMap { $0.map(\.rawValue) }
        default: throw TestFailure("\(outcome)")
        }
    }

    private func worker(_ daemon: Daemon) throws -> [String: Any] {
        let body = try HTTPPeer.ask("GET", "/status", port: try daemon.httpPort("admin")).body
        let status = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        guard let worker = (status?["workers"] as? [[String: Any]])?.first else {
            throw TestFailure("no worker in \(body)")
        }
        return worker
    }

    /// Waits until its window has ended at rest.
    private func waitForRest(_ daemon: Daemon) throws {
        try eventually("it rests and its window ends") {
            let worker = try worker(daemon)
            return worker["resting"] as? Bool == true && worker["window_left_seconds"] as? Double == 0
        }
    }

    private func counts(_ daemon: Daemon) throws -> (bytes: Int, wakeUps: Int) {
        func number(_ name: String, _ path: String) throws -> Int {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
                let number = line.split(whereSeparator: \.isWhitespace).last.flatMap({ Int($0) })
            else { throw TestFailure("no \(name) in \(path)") }
            return number
        }
        let tasks = "/proc/\(daemon.pid)/task"
        let wakeUps = try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) {
            try $0 + number("voluntary_ctxt_switches:", "\(tasks)/\($1)/status")
        }
        // All that was written by system calls, into the page cache too.
        return (try number("wchar:", "/proc/\(daemon.pid)/io"), wakeUps)
    }

    /// Its window has ended, so that the repair takes it for stopped: it gives out nothing below the floor all the same.
    @Test func aRepairIsNoticedByADaemonAtRest() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.arguments) { daemon in
                let peer = try Peer.unix(daemon.socketPath)
                _ = try peer.nextID()
                try waitForRest(daemon)
                let floor = UTCTime(unixNanoseconds: Int64(Date().timeIntervalSince1970 * 1e9) + 4_000_000_000)
                let command = try Command.run(
                    "store",
                    "repair",
                    "--store",
                    "sqlite:\(scratch.store)",
                    "--raise-to",
                    "\(floor)",
                    "--skip-values",
                    "0",
                    "--state-dir",
                    scratch.state,
                    "--yes"
                )
                #expect(command.exitCode == 0, "\(command)")
                var message = ""
                var id: FirnID?
                try eventually("it gives IDs again; it said \(message)", every: .milliseconds(20)) {
                    switch try peer.call(.nextID) {
                    case .nextID(let next): id = next
                    case .error(let status): message = status.message
                    default: throw TestFailure("neither")
                    }
                    return id != nil
                }
                #expect(message.contains("no ID before"), "it was refused until then; \(message)")
                let given = try #require(id)
                #expect(Layout.snowflake.decode(given).unixMilliseconds! >= floor.unixMilliseconds)
            }
        }
    }

    @Test func nothingIsWrittenAndItWakesOncePerSecond() throws {
        try withDaemon(Self.arguments) { daemon in
            try waitForRest(daemon)
            // The last answer of the page may still be on its way.
            try daemon.waitUntilIdle()
            let before = try counts(daemon)
            let seconds = 4
            sleep(.seconds(seconds))
            let after = try counts(daemon)
            // Signals to its own threads (an eventfd's eight bytes) are no data.
            #expect(after.bytes - before.bytes <= 8 * seconds, "\(after.bytes - before.bytes) bytes")
            #expect(after.wakeUps - before.wakeUps <= seconds + 1, "\(after.wakeUps - before.wakeUps) wake-ups")
            let page = try HTTPPeer.ask("GET", "/readyz", port: try daemon.httpPort("admin"))
            #expect(page.status == 200, "\(page.body)")
            #expect(try worker(daemon)["serving"] as? Bool == true)
            #expect(try Peer.unix(daemon.socketPath).nextID().rawValue > 0)
            #expect(try worker(daemon)["resting"] as? Bool == false)
        }
    }

    @Test func allThatAskAtOnceAreServedAfterOneWrite() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.arguments + ["--http", "127.0.0.1:0"]) { daemon in
                let port = try daemon.httpPort()
                let peers = try (0..<8).map { _ in try Peer.unix(daemon.socketPath) }
                var last: UInt64 = 0
                for round in 0..<3 {
                    try waitForRest(daemon)
                    if round == 0 {
                        let answer = try HTTPPeer.ask("GET", "/", port: port)
                        #expect(answer.status == 200, "\(answer.body)")
                        continue
                    }
                    for (index, peer) in peers.enumerated() {
                        _ = try peer.ask(index % 2 == 0 ? .nextID : .nextBatch(count: 5))
                    }
                    let ids = try peers.flatMap { try Self.ids(try $0.answer().outcome) }
                    #expect(ids.count == 4 + 4 * 5 && Set(ids).count == ids.count)
                    #expect(ids.min()! > last)
                    last = ids.max()!
                }
                #expect(daemon.lines(with: "no IDs can be given out").isEmpty, "\(daemon.log)")
            }
        }
    }

    /// The worker of a daemon at rest is free once its window has ended.
    @Test func aFixedWorkerIsAnothersWhileItsDaemonRests() throws {
        try withScratch { scratch in
            let arguments = Self.arguments + ["--worker", "7"]
            try withDaemon(in: scratch, name: "first", arguments) { first in
                let peer = try Peer.unix(first.socketPath)
                let before = try peer.nextID()
                try waitForRest(first)
                let between = try withDaemon(in: scratch, name: "second", arguments) { second in
                    let other = try Peer.unix(second.socketPath)
                    let between = try other.nextID()
                    guard case .error(let status) = try peer.call(.nextID) else {
                        throw TestFailure("two daemons have worker 7")
                    }
                    #expect(status.code == .unavailable && status.message.contains("held by"), "\(status.message)")
                    second.signal(SIGTERM)
                    _ = try second.waitForExit()
                    return between
                }
                var after: UInt64 = 0
                try eventually("the first one has its worker again") {
                    guard case .nextID(let id) = try peer.call(.nextID) else { return false }
                    after = id.rawValue
                    return true
                }
                #expect(before < between && between.rawValue < after)
            }
        }
    }

    @Test func offExtendsAlways() throws {
        try withScratch { scratch in
            let arguments = ["--window", "300ms", "--rest-after", "off", "--worker", "3"]
            try withDaemon(in: scratch, arguments) { daemon in
                let first = try StoreFile(scratch.store).worker(3).limit
                try eventually("the window is extended, though nobody asks") {
                    try StoreFile(scratch.store).worker(3).limit > first + 1500
                }
                _ = try Peer.unix(daemon.socketPath).nextID()
            }
        }
    }
}
