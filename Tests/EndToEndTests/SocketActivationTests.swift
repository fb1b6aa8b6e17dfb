import Foundation
import Testing

/// Sockets that somebody else listens on before the daemon runs. systemd's own tool stands for systemd.
@Suite struct SocketActivationTests {
    private static let launcher = "/usr/bin/systemd-socket-activate"

    /// Starts a daemon with the first connection to one of these sockets.
    private func withActivatedDaemon(
        in scratch: Scratch,
        sockets: [(path: String, name: String)],
        _ arguments: [String] = ["--store", "memory"],
        _ body: (Daemon) throws -> Void
    ) throws {
        let daemon = try Daemon(
            in: scratch,
            arguments: arguments,
            launcher: [Self.launcher] + sockets.flatMap { ["-l", $0.path] }
                + ["--fdname=" + sockets.map(\.name).joined(separator: ":")]
        )
        try withExtendedLifetime(daemon) {
            try eventually("systemd-socket-activate listens (package systemd); it says: \(daemon.log)") {
                // Its file is there before it listens on it.
                sockets.allSatisfy { daemon.log.contains("Listening on \($0.path) as ") }
            }
            try body(daemon)
        }
    }

    @Test func theFirstCallStartsItAndIsAnswered() throws {
        try withScratch { scratch in
            let (a, b) = (scratch.file("a.sock"), scratch.file("b.sock"))
            try withActivatedDaemon(in: scratch, sockets: [(a, "firn"), (b, "firn")]) { daemon in
                #expect(daemon.lines(with: " info serving ").isEmpty)
                let first = try Peer.unix(a).nextID()
                #expect(try Peer.unix(b).nextID() > first)
                try daemon.waitUntilServing()
                let serving = try #require(daemon.lines(with: " info serving ").first)
                // Nothing but what was handed over.
                #expect(serving.contains("listen=\"unix:\(a) unix:\(b)\""))
                daemon.signal(SIGTERM)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(0))
                // Its file is whose socket it was.
                #expect(FileManager.default.fileExists(atPath: a))
            }
        }
    }

    @Test func socketsOfItsOwnCanBeAdded() throws {
        try withScratch { scratch in
            let (given, own) = (scratch.file("given.sock"), scratch.file("own.sock"))
            let arguments = ["--store", "memory", "--listen", "unix:\(own)"]
            try withActivatedDaemon(in: scratch, sockets: [(given, "firn")], arguments) { daemon in
                let first = try Peer.unix(given).nextID()
                #expect(try Peer.unix(own).nextID() > first)
            }
        }
    }

    /// Told by their names, in whatever order they come.
    @Test func socketsForHTTPAndAdminAreServedAsSuch() throws {
        try withScratch { scratch in
            let sockets = ["admin", "firn", "http"].map { (path: scratch.file($0 + ".sock"), name: $0) }
            try withActivatedDaemon(in: scratch, sockets: sockets) { daemon in
                _ = try Peer.unix(scratch.file("firn.sock")).nextID()
                func get(_ name: String, _ path: String) throws -> String {
                    let url = "http://localhost\(path)"
                    return try Tool.run("/usr/bin/curl", "--silent", "--unix-socket", scratch.file(name + ".sock"), url)
                        .output
                }
                #expect(try get("http", "/").hasPrefix("{\"id\":"))
                #expect(try get("admin", "/readyz") == "ready\n")
                #expect(try get("http", "/readyz").contains("there is nothing at"), "\(daemon.log)")
            }
        }
    }

    @Test func aNameThatSaysNothingIsRefused() throws {
        try withScratch { scratch in
            let (a, b) = (scratch.file("a.sock"), scratch.file("b.sock"))
            try withActivatedDaemon(in: scratch, sockets: [(a, "firn"), (b, "htpp")]) { daemon in
                _ = try Peer.unix(a)
                let ending = try daemon.waitForExit()
                #expect(ending == .exited(78))
                #expect(daemon.log.contains("'htpp'") && daemon.log.contains("FileDescriptorName="))
            }
        }
    }
}
