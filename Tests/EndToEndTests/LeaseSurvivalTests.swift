import FirnLayout
import FirnTestSupport
import FirnWire
import Foundation
import Testing

/// What becomes of processes that mint on leased workers when they, their daemon or its store fail. Every ID is
/// counted.
@Suite struct LeaseSurvivalTests {
    /// Two workers: one for a daemon, and one to lease.
    private static let narrow = "time:41ms@2025-01-01T00:00:00Z,worker:1,sequence:12"

    private static func arguments(_ layout: String) -> [String] { ["--layout", layout, "--max-leases", "16"] }

    /// It sleeps past its lease, in the middle of minting, while another process has the worker; and again.
    @Test func aStoppedHolderMintsNothingOfTheNextOnesWorker() throws {
        let layout = try Layout(parsing: Self.narrow)
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.arguments(Self.narrow)) { daemon in
                let stopped = try LeaseHolder(in: scratch, of: [daemon.socketPath])
                try stopped.mints()
                let worker = try stopped.workers(layout)
                var others: [LeaseHolder] = []
                for _ in 0..<3 {
                    try stopped.pause()
                    let other = try LeaseHolder(in: scratch, of: [daemon.socketPath])
                    others.append(other)
                    try other.mints()
                    #expect(try other.workers(layout) == worker)
                    stopped.goOn()
                    try other.mints(2000)
                    // It waits for a worker as anyone else.
                    try stopped.mintsNothing()
                    try other.close()
                    try stopped.mints()
                }
                try stopped.close()
                let harvest = try Harvest.of(others + [stopped], layout)
                print("stopped past its lease: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
                #expect(harvest.duplicates == 0 && harvest.count > 20_000)
            }
        }
    }

    /// As the daemon that leased the worker is dead, the other one extends the lease.
    @Test(arguments: SharedStore.allCases) func anotherDaemonOfTheStoreExtends(_ kind: SharedStore) throws {
        try Fleet.with(kind) { fleet in
            let daemons = try (0..<2).map { try fleet.start($0, ["--max-leases", "16"]) }
            for daemon in daemons { try daemon.waitUntilServing() }
            let holder = try LeaseHolder(
                in: fleet.scratch,
                of: daemons.map(\.socketPath),
                window: .seconds(6)
            )
            try holder.mints()
            daemons[0].signal(SIGKILL)
            _ = try daemons[0].waitForExit()
            // Longer than the lease would last.
            sleep(.seconds(8))
            try holder.mints()
            try holder.close()
            #expect(holder.noticed.isEmpty, "\(holder.output)")
            #expect(try holder.workers(.snowflake).count == 1, "\(holder.output)")
            let harvest = try Harvest.of([holder], .snowflake)
            #expect(harvest.duplicates == 0 && harvest.count > 20_000)
        }
    }

    @Test func aForkedChildMintsNothing() throws {
        try withDaemon(["--max-leases", "16"]) { daemon in
            try withScratch { scratch in
                let holder = try LeaseHolder(in: scratch, of: [daemon.socketPath])
                for turn in 1...3 {
                    try holder.mints()
                    holder.fork()
                    try eventually("the child has ended; it says: \(holder.output)") {
                        holder.output.ranges(of: "the child mints nothing: ").count == turn
                    }
                }
                try holder.mints()
                try holder.close()
                #expect(holder.output.ranges(of: "the child mints nothing: true").count == 3, "\(holder.output)")
                #expect(holder.noticed.isEmpty, "\(holder.output)")
                let harvest = try Harvest.of([holder], .snowflake)
                #expect(harvest.duplicates == 0 && harvest.count > 5000)
            }
        }
    }

    // MARK: - A store of before

    /// The copy is of before the lease: in it the worker is free. The daemon that comes back refuses to use it.
    @Test func aHolderOutlivesAStoreThatWasExchangedWhileItsDaemonWasDown() throws {
        let layout = try Layout(parsing: Self.narrow)
        try withScratch { scratch in
            let daemon = try start(scratch)
            try daemon.waitUntilServing()
            try StoreFile(scratch.store).run("VACUUM INTO '\(scratch.file("copy.db"))'")
            let holder = try LeaseHolder(in: scratch, of: [daemon.socketPath], window: .seconds(4))
            try holder.mints()
            let worker = try holder.workers(layout)
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: scratch.store + suffix) }
            try FileManager.default.copyItem(atPath: scratch.file("copy.db"), toPath: scratch.store)
            let refused = try start(scratch)
            #expect(try refused.waitForExit() == .exited(78) && refused.log.contains("restored from an older copy"))
            // To the lease's end, and no further.
            try holder.waitUntilItSays("could not be extended")
            try holder.mintsNothing()

            try repair(scratch)
            try continues(holder, on: worker, of: layout, scratch)
        }
    }

    /// The same under the daemon that has the store open: it tells the holder, which stops before its lease ends.
    @Test func aHolderStopsWhenTheStoreIsSetBackUnderItsDaemon() throws {
        let layout = try Layout(parsing: Self.narrow)
        try withScratch { scratch in
            let daemon = try start(scratch)
            try daemon.waitUntilServing()
            let file = try StoreFile(scratch.store)
            try file.copy(to: scratch.file("copy.db"))
            let holder = try LeaseHolder(in: scratch, of: [daemon.socketPath], window: .seconds(20))
            try holder.mints()
            let worker = try holder.workers(layout)
            try file.restore()
            try daemon.waitUntilItSays("restored from an older copy")
            // It was refused, and did not wait for the end of its lease.
            try holder.waitUntilItSays("warning: No worker can be claimed")
            try holder.mintsNothing()
            daemon.signal(SIGKILL)
            _ = try daemon.waitForExit()
            try repair(scratch)
            try continues(holder, on: worker, of: layout, scratch)
        }
    }

    /// After the repair it gets a worker again, and before it another process does.
    private func continues(
        _ holder: LeaseHolder,
        on worker: Set<UInt64>,
        of layout: Layout,
        _ scratch: Scratch
    ) throws {
        try holder.pause()
        let daemon = try start(scratch)
        try daemon.waitUntilServing()
        let next = try LeaseHolder(in: scratch, of: [daemon.socketPath])
        try next.mints()
        let reapers = Reapers(of: daemon.socketPath)
        defer { _ = try? reapers.stop() }
        holder.goOn()
        try next.mints(2000)
        try next.close()
        try holder.mints()
        try holder.close()
        try reapers.stop()
        let harvest = try Harvest.of([holder, next], layout, and: reapers.takeAll())
        print("on a store that was set back: \(harvest.count) IDs, \(harvest.duplicates) duplicates")
        #expect(harvest.duplicates == 0 && harvest.count > 20_000)
    }

    private func start(_ scratch: Scratch) throws -> Daemon {
        let places = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
        return try Daemon(in: scratch, arguments: places + Self.arguments(Self.narrow))
    }

    /// As the daemon's message says; the command waits until no worker is held.
    private func repair(_ scratch: Scratch) throws {
        var last: Command?
        try eventually("it can be repaired: \(last.map { "\($0)" } ?? "")", every: .milliseconds(100)) {
            let command = try Command.run(
                ["store", "repair", "--store", "sqlite:\(scratch.store)", "--state-dir", scratch.state]
                    + ["--raise-to", "known", "--yes"]
            )
            last = command
            return command.exitCode == 0
        }
    }

    // MARK: - Mistakes of callers

    /// Two that extend one lease, as two copies of a process do: one goes on, and the other is told that it has none.
    @Test func ofTwoThatExtendOneLeaseTheSecondIsRefused() throws {
        try withDaemon(["--max-leases", "16"]) { daemon in
            let peers = try (0..<2).map { _ in try Peer.unix(daemon.socketPath) }
            guard case .leased(let grant) = try peers[0].call(.lease(.begin(.init(name: Name("copied")!)))) else {
                throw TestFailure("no lease")
            }
            func extend(_ peer: Peer, _ lease: Lease, token: UInt64) throws -> Response.Outcome {
                try peer.call(.lease(.extend(.init(lease), token: token, limitTick: lease.limitTick + 1)))
            }
            guard case .leaseExtended(let lease, _) = try extend(peers[0], grant.lease, token: 5) else {
                throw TestFailure("not extended")
            }
            #expect(lease.token == 5 && lease.limitTick > grant.lease.limitTick)
            guard case .error(let status) = try extend(peers[1], grant.lease, token: 6) else {
                throw TestFailure("the copy has it too")
            }
            #expect(status.code == .aborted && status.message.contains("another process extended it"), "\(status)")
            // A repetition is no copy, at whatever connection; and the refusal has changed nothing.
            guard case .leaseExtended(let again, _) = try extend(peers[1], grant.lease, token: 5) else {
                throw TestFailure("not repeated")
            }
            #expect(again.limitTick == lease.limitTick)
            guard case .leaseExtended = try extend(peers[0], lease, token: 7) else { throw TestFailure("lost") }
        }
    }

    /// A caller releases a lease of before, whose worker is another process's by now.
    @Test func aReleaseOfALeaseOfBeforeIsRefused() throws {
        let layout = try Layout(parsing: Self.narrow)
        try withScratch { scratch in
            try withDaemon(in: scratch, Self.arguments(Self.narrow) + ["--http", "127.0.0.1:0"]) { daemon in
                let http = try HTTPPeer(port: daemon.httpPort())
                let lease = try http.ask("POST", "/leases?name=careless&windowMs=500").json
                let (worker, generation) = (try #require(lease["worker"] as? Int), try #require(lease["generation"]))
                let (instance, token) = (try #require(lease["instance"]), try #require(lease["token"]))
                let holder = try LeaseHolder(in: scratch, of: [daemon.socketPath], window: .seconds(10))
                try holder.mints()
                #expect(try holder.workers(layout) == [UInt64(worker)])
                let target = "/leases/\(worker)?generation=\(generation)&instance=\(instance)&token=\(token)"
                for method in ["DELETE", "PUT"] {
                    let answer = try http.ask(method, target)
                    #expect(answer.status == 409 && answer.body.contains("is lost"), "\(answer.status) \(answer.body)")
                }
                let next = try http.ask("POST", "/leases?name=next")
                #expect(next.status == 503 && next.body.contains("all 2 workers"), "\(next.body)")
                // For longer than the holder's lease, had it not been extended.
                sleep(.seconds(11))
                try holder.mints()
                try holder.close()
                let harvest = try Harvest.of([holder], layout)
                #expect(harvest.duplicates == 0 && harvest.count > 5000)
            }
        }
    }
}
