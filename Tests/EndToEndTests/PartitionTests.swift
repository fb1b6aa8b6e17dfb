import EtcdTestSupport
import FirnLayout
import FirnWire
import Foundation
import Testing

/// Daemons on one host and etcd on another, with the wire between them cut, in both directions or in one.
@Suite(.serialized, .enabled(if: TestNetwork.isAllowed, "network namespaces are root's to make"))
struct PartitionTests {
    /// Two workers, so that one is free for whoever loses its own.
    private static let layout = "time:41ms@2025-01-01T00:00:00Z,worker:1,sequence:12"

    /// An etcd with its own end of a wire, and how daemons are started at either end.
    private struct Hosts {
        let scratch: Scratch
        let network: TestNetwork
        let server: EtcdServer

        func start(_ name: String, on host: TestNetwork.Host, _ arguments: [String]) throws -> Daemon {
            let places = ["--listen", "unix:\(scratch.file(name + ".sock"))", "--store", server.location]
            return try Daemon(
                in: scratch,
                name: name,
                arguments: places + ["--layout", PartitionTests.layout] + arguments,
                launcher: network.launcher(on: host)
            )
        }
    }

    private func withHosts(_ body: (Hosts) throws -> Void) throws {
        try withScratch { scratch in
            let network = try TestNetwork()
            let server = try EtcdServer(EtcdServer.Options(network: network))
            try withExtendedLifetime(network) {
                try body(Hosts(scratch: scratch, network: network, server: server))
            }
        }
    }

    @Test(arguments: TestNetwork.Cut.allCases) func aCutWithinTheWindowIsInvisible(_ cut: TestNetwork.Cut) throws {
        try withHosts { hosts in
            let window: UInt64 = 9000
            let arguments = ["--window", "\(window)ms", "--etcd-timeout", "1s"]
            let daemon = try hosts.start("a", on: .daemons, arguments)
            try withExtendedLifetime(daemon) {
                try eventually("it serves; it says: \(daemon.log)") { daemon.serves }
                try withBystander(of: daemon) {
                    let layout = try Layout(parsing: Self.layout)
                    let peer = try Peer.unix(daemon.socketPath)
                    let tick = { layout.decode(try peer.nextID()).time! }
                    try hosts.network.cut(cut)
                    let limit = try tick() + window
                    // Past the moment to extend and the time for an answer, and well within the window.
                    try eventually("it was cut off; it says: \(daemon.log)") {
                        !daemon.lines(with: "the store did not answer").isEmpty
                    }
                    try hosts.network.heal()
                    // Past what it would have been without an extension since.
                    try eventually("the next window is used", every: .milliseconds(10)) { try tick() > limit }
                }
            }
        }
    }

    /// Its worker is another's when it is back: it goes on as a third, and nothing was given out twice.
    @Test(arguments: TestNetwork.Cut.allCases) func aWorkerIsTakenFromOneThatIsCutOff(_ cut: TestNetwork.Cut) throws {
        try withHosts { hosts in
            let arguments = ["--window", "2s"]
            let lost = try hosts.start("lost", on: .daemons, arguments)
            try eventually("it serves; it says: \(lost.log)") { lost.serves }
            let worker = try #require(try Peer.unix(lost.socketPath).describe().workers.first)
            let reapers = ["lost", "taker"].map { Reapers(of: hosts.scratch.file($0 + ".sock"), singles: 1) }
            defer { reapers.forEach { _ = try? $0.stop() } }
            let connection = try Peer.unix(lost.socketPath)
            var last = try connection.nextID()

            try hosts.network.cut(cut)
            let taker = try hosts.start("taker", on: .store, arguments + ["--worker", "\(worker)"])
            var message = ""
            try eventually("it is told why; it said: \(message)") {
                switch try connection.call(.nextID) {
                case .nextID(let id): last = id
                case .error(let status):
                    #expect(status.code == .unavailable && status.retryAfterMilliseconds > 0)
                    message = status.message
                case let outcome: throw TestFailure("\(outcome)")
                }
                return message.contains("\(hosts.server.endpoint)")
            }
            try eventually("the other has its worker; it says: \(taker.log)") { taker.serves }
            #expect(try Peer.unix(taker.socketPath).describe().workers == [worker])
            #expect(!lost.serves)

            try hosts.network.heal()
            try eventually("it goes on; it says: \(lost.log)") {
                guard let id = try? connection.nextID() else { return false }
                #expect(id > last, "IDs of a connection rise from worker to worker")
                return true
            }
            #expect(try connection.describe().workers == [1 - worker])
            sleep(.milliseconds(300))
            for reaper in reapers { try reaper.stop() }
            var harvest = Harvest(layout: try Layout(parsing: Self.layout))
            let spans = try reapers.map { try $0.takeAll() }
            harvest.add(spans.flatMap(\.self))
            print("\(cut) cut: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
            #expect(harvest.duplicates == 0)
            #expect(spans.allSatisfy { $0.count > 100 })
        }
    }
}
