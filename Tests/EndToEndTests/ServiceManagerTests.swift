import Foundation
import Testing

/// What a service manager such as systemd hears of the daemon.
@Suite struct ServiceManagerTests {
    private func withSupervisedDaemon<Result>(
        in scratch: Scratch,
        name: String = "supervised",
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        _ body: (Daemon, NotifySocket) throws -> Result
    ) throws -> Result {
        let socket = try NotifySocket(scratch.file("notify"))
        let daemon = try Daemon(
            in: scratch,
            name: name,
            arguments: arguments + [
                "--listen", "unix:\(scratch.file(name + ".sock"))", "--store", "sqlite:\(scratch.store)",
            ],
            environment: environment.merging(["NOTIFY_SOCKET": socket.name]) { $1 }
        )
        return try withExtendedLifetime(daemon) {
            try daemon.waitUntilServing()
            return try body(daemon, socket)
        }
    }

    @Test(arguments: [false, true])
    func hearsThatItServesAndThatItStops(_ isAbstract: Bool) throws {
        try withScratch { scratch in
            let path = scratch.file("notify")
            let socket = try NotifySocket(isAbstract ? "@firnd-test" + path : path)
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory", "--worker", "7"],
                environment: ["NOTIFY_SOCKET": socket.name]
            )
            try withExtendedLifetime(daemon) {
                try socket.waitFor("READY=1")
                // No moment later.
                _ = try Peer.unix(daemon.socketPath).nextID()
                try socket.waitFor("STATUS=handing out IDs as worker 7")
                #expect(socket.count("STOPPING=1") == 0)
                daemon.signal(SIGTERM)
                try socket.waitFor("STOPPING=1")
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
                // The drain's 5 seconds, and 15 for the store.
                #expect(socket.count("EXTEND_TIMEOUT_USEC=20000000") == 1)
                #expect(socket.count("READY=1") == 1)
                // No sign of life was asked for.
                #expect(socket.count("WATCHDOG=1") == 0)
            }
        }
    }

    @Test func hearsWhyItHasNoWorkerAndIsAskedToWait() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--worker", "7", "--window", "60s"]) { first in
                try withSupervisedDaemon(in: scratch, ["--worker", "7"]) { daemon, socket in
                    try socket.waitFor("STATUS=no IDs: the worker is held by")
                    try socket.waitFor("EXTEND_TIMEOUT_USEC=30000000")
                    #expect(socket.count("READY=1") == 0)
                    first.signal(SIGTERM)
                    try socket.waitFor("READY=1", within: .seconds(40))
                    _ = try Peer.unix(daemon.socketPath).nextID()
                    try socket.waitFor("STATUS=handing out IDs as worker 7")
                }
            }
        }
    }

    @Test func hearsASignOfLifeUntilItHangs() throws {
        try withScratch { scratch in
            try withSupervisedDaemon(in: scratch, environment: ["WATCHDOG_USEC": "400000"]) { daemon, socket in
                for pings in 0..<4 { try socket.waitFor("WATCHDOG=1", moreThan: pings) }
                try daemon.pause()
                let pings = socket.count("WATCHDOG=1")
                sleep(.seconds(1))
                #expect(socket.count("WATCHDOG=1") == pings)
                daemon.signal(SIGCONT)
                try socket.waitFor("WATCHDOG=1", moreThan: pings)
            }
        }
    }

    @Test func hearsSignsOfLifeWhileTheStoreIsAway() throws {
        try withScratch { scratch in
            // A locked store fails after 2 seconds, half of what is allowed.
            let arguments = ["--worker", "9", "--window", "1s"]
            try withSupervisedDaemon(in: scratch, arguments, environment: ["WATCHDOG_USEC": "4000000"]) {
                daemon,
                socket in
                try socket.waitFor("READY=1")
                let store = try StoreFile(scratch.store)
                try store.run("BEGIN EXCLUSIVE")
                let before = socket.count("STATUS=no IDs: ")
                try socket.waitFor("STATUS=no IDs: ", moreThan: before)
                let pings = socket.count("WATCHDOG=1")
                try socket.waitFor("WATCHDOG=1", moreThan: pings + 1)
                try store.run("ROLLBACK")
                let statuses = socket.count("STATUS=handing out IDs as worker 9")
                try socket.waitFor("STATUS=handing out IDs as worker 9", moreThan: statuses)
                #expect(socket.count("READY=1") == 1)
            }
        }
    }

    @Test func aWatchdogOfAnotherProcessIsNotFed() throws {
        try withScratch { scratch in
            let environment = ["WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"]
            try withSupervisedDaemon(in: scratch, environment: environment) { _, socket in
                try socket.waitFor("READY=1")
                sleep(.milliseconds(500))
                #expect(socket.count("WATCHDOG=1") == 0)
            }
        }
    }

    @Test(arguments: ["notify", "@", "vsock:2:1234", "/" + String(repeating: "n", count: 107)])
    func whatIsNoSocketsNameIsIgnored(_ name: String) throws {
        try withScratch { scratch in
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"],
                environment: ["NOTIFY_SOCKET": name]
            )
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                _ = try Peer.unix(daemon.socketPath).nextID()
                #expect(daemon.lines(with: "NOTIFY_SOCKET is ignored").count == 1)
                #expect(daemon.lines(with: "NOTIFY_SOCKET=\(name)").count == 1)
            }
        }
    }

    @Test func anotherTimeThanANumberIsIgnored() throws {
        try withScratch { scratch in
            try withSupervisedDaemon(in: scratch, environment: ["WATCHDOG_USEC": "30s"]) { daemon, socket in
                try socket.waitFor("READY=1")
                try daemon.waitUntilItSays("WATCHDOG_USEC is ignored")
                #expect(daemon.lines(with: "WATCHDOG_USEC is ignored").count == 1)
            }
        }
    }

    @Test func isToldWhenItComesBack() throws {
        try withScratch { scratch in
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"],
                environment: ["NOTIFY_SOCKET": scratch.file("notify")]
            )
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                _ = try Peer.unix(daemon.socketPath).nextID()
                // Some turns, and a line for the first.
                sleep(.milliseconds(500))
                #expect(daemon.lines(with: "the service manager cannot be told").count == 1)
                let socket = try NotifySocket(scratch.file("notify"))
                try socket.waitFor("READY=1")
            }
        }
    }

    @Test func costsNoThread() throws {
        // Not by their names, which threads give themselves a moment after they begin.
        func threads(of daemon: Daemon) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.pid)/task").count
        }
        try withScratch { scratch in
            let alone = try withDaemon(in: scratch) { try threads(of: $0) }
            try withSupervisedDaemon(in: scratch, environment: ["WATCHDOG_USEC": "1000000"]) { daemon, socket in
                try socket.waitFor("READY=1")
                #expect(try threads(of: daemon) == alone)
            }
        }
    }
}
