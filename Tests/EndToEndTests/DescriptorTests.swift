import EtcdTestSupport
import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// No descriptor is left: those who are connected are served on, and nothing ends the process.
@Suite(.serialized) struct DescriptorTests {
    /// Connects, to wait among those that are not accepted.
    private final class Waiter {
        let descriptor: Int32

        init(port: UInt16) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else { throw TestFailure("connect: \(systemError)") }
        }

        deinit { close(descriptor) }
    }

    /// How many calls to the store there were so far, whatever their outcome, as the metrics tell.
    private func storeCalls(_ admin: HTTPPeer) throws -> Int {
        try admin.ask("GET", "/metrics").body.split(separator: "\n")
            .filter { $0.hasPrefix("firn_store_operations_total") }
            .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
    }

    private static let doors = ["--listen", "tcp:127.0.0.1:0", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"]

    /// Every door and each store, with connections that wait at each: they cost no processor, and whoever is in is served.
    ///
    /// An etcd that goes away while there is truly none is left out: Dispatch, which gRPC waits by, ends the process then.
    /// `theStoreKeepsItsDescriptors` has what keeps connections from using up the last ones.
    @Test(arguments: SharedStore.allCases) func nothingEndsAndNothingSpinsWithNoneLeft(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            // A call to a remote store may take a third of it; one that took longer could not be made anew here.
            let daemon = try fleet.start(0, ["--window", "9s"] + Self.doors)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                try eventually("it serves") { daemon.serves }
                let framed = try Peer.unix(daemon.socketPath)
                _ = try framed.nextID()
                let http = try HTTPPeer(port: try daemon.httpPort())
                #expect(try http.ask("GET", "/").status == 200)
                let admin = try HTTPPeer(port: try daemon.httpPort("admin"))
                #expect(try admin.ask("GET", "/readyz").status == 200)

                let before = try daemon.setOpenFileLimit(daemon.lowestFreeDescriptor, in: fleet.scratch)
                // More than descriptors that are closed meanwhile.
                let waiters = try [daemon.tcpPort(), daemon.httpPort(), daemon.httpPort("admin")]
                    .flatMap { port in try (0..<16).map { _ in try Waiter(port: port) } }
                let waiting = try Peer.unix(daemon.socketPath)
                try withExtendedLifetime((waiters, waiting)) {
                    try eventually("each door says so") {
                        !daemon.lines(with: "no descriptors or memory left for new connections").isEmpty
                            && !daemon.lines(with: "no descriptors or memory left for new HTTP connections").isEmpty
                    }
                    let start = (try daemon.processorTime(), ContinuousClock.now)
                    // Past the window that it has, which the store extends as it is.
                    let layout = Layout.snowflake
                    let first = layout.decode(try framed.nextID()).time!
                    try eventually("the next window is used", every: .milliseconds(50)) {
                        layout.decode(try framed.nextID()).time! > first + 9000
                    }
                    let share = try (daemon.processorTime() - start.0) / start.1.duration(to: .now)
                    #expect(share < 0.3, "it was busy for \(share) of the time with what it cannot accept")
                    // The first use of a sequence, of the HTTP side and of the documents.
                    #expect(try framed.nextTickets("late", 1) == [1])
                    #expect(try http.ask("GET", "/").status == 200)
                    #expect(try http.ask("POST", "/sequences/late").status == 200)
                    for path in ["/livez", "/readyz", "/metrics", "/status", "/"] {
                        #expect(try admin.ask("GET", path).status == 200)
                    }
                    if kind != .sqlite {
                        _ = try daemon.setOpenFileLimit(before, in: fleet.scratch)
                        _ = try waiting.nextID()
                        return
                    }
                    // The store goes away, and cannot be opened again.
                    let outage = try fleet.takeAwayTheStore()
                    try eventually("the window ends") { (try? framed.nextID()) == nil }
                    #expect(try admin.ask("GET", "/readyz").status == 503)
                    try outage.end()
                    // It tries the store a few times more.
                    let calls = try storeCalls(admin)
                    try eventually("it tries the store") { try storeCalls(admin) >= calls + 2 }
                    #expect(daemon.reap() == nil, "\(daemon.log)")
                    _ = try framed.describe()
                    _ = try daemon.setOpenFileLimit(before, in: fleet.scratch)
                    try eventually("it serves again; \(daemon.log)") { (try? framed.nextID()) != nil }
                    _ = try waiting.nextID()
                }
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
                // However busy the machine is: each door tries twice per second, and has a line for each try.
                let seconds = Int(daemon.started.duration(to: .now) / .seconds(1))
                for door in ["new connections", "new HTTP connections"] {
                    let lines = daemon.lines(with: "no descriptors or memory left for \(door)")
                    let leftOut = lines.compactMap { $0.firstMatch(of: /left_out="?(\d+)/).flatMap { Int($0.1) } }
                    let tries = leftOut.reduce(lines.count, +)
                    #expect(tries < 10 + 5 * seconds, "\(tries) tries for \(door) in \(seconds) s")
                }
            }
        }
    }

    /// Whoever was answered by a framed socket finds a daemon that has opened all that it needs, for HTTP too.
    @Test func nothingIsOpenedAfterTheFirstAnswer() throws {
        try withScratch { scratch in
            for _ in 0..<5 {
                let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
                let daemon = try Daemon(in: scratch, arguments: arguments + Self.doors)
                try withExtendedLifetime(daemon) {
                    var connected: Peer?
                    try eventually("it listens", every: .microseconds(100)) {
                        connected = try? Peer.unix(daemon.socketPath)
                        return connected != nil
                    }
                    let peer = try #require(connected)
                    _ = try peer.describe()
                    _ = try daemon.setOpenFileLimit(daemon.lowestFreeDescriptor, in: scratch)
                    try daemon.waitUntilServing()
                    _ = try peer.nextID()
                    daemon.signal(SIGTERM)
                    #expect(try daemon.waitForExit() == .exited(0), "\(daemon.log)")
                }
            }
        }
    }

    /// More connections than there are descriptors: some are refused with words, and the store keeps what it needs.
    @Test func theStoreKeepsItsDescriptors() throws {
        try Fleet.with(.etcd) { fleet in
            let server = try #require(fleet.server)
            // With so many threads there are fewer left than the default for connections supposes.
            let arguments = [
                "--listen", "unix:\(fleet.socketPath(0))", "--store", server.location, "--window", "2s", "--shards",
                "90",
                "--admin", "127.0.0.1:0",
            ]
            let daemon = try Daemon(in: fleet.scratch, name: "0", arguments: arguments, openFiles: 256)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                var peers: [Peer] = []
                var refusal: Status?
                for _ in 0..<250 where refusal == nil {
                    let peer = try Peer.unix(daemon.socketPath)
                    if case .error(let status) = try peer.callOrRefusal() { refusal = status }
                    peers.append(peer)
                }
                #expect(refusal?.code == .resourceExhausted)
                #expect(refusal?.message.contains("descriptors") == true, "\(refusal?.message ?? "")")
                #expect(peers.count > 10)
                // A probe still comes in.
                #expect(try HTTPPeer.ask("GET", "/livez", port: try daemon.httpPort("admin")).status == 200)
                server.kill()
                try eventually("the window ends") { (try? peers[0].nextID()) == nil }
                try server.restart()
                try eventually("it serves again, with all of them connected; \(daemon.log)") {
                    (try? peers[0].nextID()) != nil
                }
                #expect(daemon.lines(with: "no descriptors or memory left").isEmpty)
            }
        }
    }
}

extension Daemon {
    /// The number that it would open next. Above it some may be open that it has from the test's process.
    fileprivate var lowestFreeDescriptor: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
        let numbers = Set(names.compactMap { Int($0) })
        return (0...).first { !numbers.contains($0) }!
    }

    /// Changes the process's limit while it runs.
    ///
    /// - Returns: what it was.
    fileprivate func setOpenFileLimit(_ count: Int, in scratch: Scratch) throws -> Int {
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8).split(separator: "\n")
        guard let words = limits.first(where: { $0.hasPrefix("Max open files") })?.split(separator: " "),
            let old = Int(words[3])
        else { throw TestFailure("no limit in \(limits)") }
        let command = ["/usr/bin/prlimit", "--pid", "\(pid)", "--nofile=\(count):\(words[4])"]
        let result = try Program.run(command, in: scratch)
        guard result.code == 0 else { throw TestFailure("prlimit: \(result.output)") }
        return old
    }
}
