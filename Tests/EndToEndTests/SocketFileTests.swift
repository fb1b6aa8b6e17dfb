import Foundation
import Testing

/// The socket's file goes away under the daemon: it notices, and makes it again.
@Suite struct SocketFileTests {
    /// A daemon whose socket is in a directory of its own.
    private func withDaemonInDirectory(_ arguments: [String] = [], _ body: (Daemon, String) throws -> Void) throws {
        try withScratch { scratch in
            let directory = scratch.file("run")
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            let path = directory + "/firn.sock"
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(path)", "--store", "sqlite:\(scratch.store)"] + arguments
            )
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                try body(daemon, path)
            }
        }
    }

    private func serves(_ path: String) -> Bool { (try? Peer.unix(path).nextID()) != nil }

    @Test func oneThatWasDeletedIsMadeAgain() throws {
        try withDaemonInDirectory(["--socket-mode", "0600"]) { daemon, path in
            let old = try Peer.unix(path)
            for round in 1...2 {
                try FileManager.default.removeItem(atPath: path)
                try eventually("it can be reached again; \(daemon.log)") { serves(path) }
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
                try eventually("it says so") {
                    daemon.lines(with: "a socket's file was removed or replaced, and was made again").count == round
                }
                _ = try old.nextID()
            }
            let descriptors = daemon.openDescriptors
            try FileManager.default.removeItem(atPath: path)
            try eventually("and again") { serves(path) }
            try eventually("without a descriptor more") { daemon.openDescriptors <= descriptors }
            daemon.signal(SIGTERM)
            #expect(try daemon.waitForExit() == .exited(0))
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    /// Whoever connected before the file went, and was not accepted yet, is accepted.
    @Test func oneThatNobodyListensOnIsReplaced() throws {
        try withDaemonInDirectory { daemon, path in
            try FileManager.default.removeItem(atPath: path)
            let stale = try BoundSocket(path, listens: false)
            try withExtendedLifetime(stale) {
                _ = try eventually("it can be reached again; \(daemon.log)") { serves(path) }
            }
        }
    }

    @Test func anotherProgramsSocketIsLeftAloneUntilItHasGone() throws {
        try withDaemonInDirectory { daemon, path in
            let peer = try Peer.unix(path)
            try FileManager.default.removeItem(atPath: path)
            let other = try BoundSocket(path, listens: true)
            try withExtendedLifetime(other) {
                try eventually("it says who is in the way") {
                    daemon.lines(with: "cannot be made again yet").contains { $0.contains("not firnd serves") }
                }
                _ = try peer.nextID()
                _ = try Peer.unix(path)
            }
            try FileManager.default.removeItem(atPath: path)
            try eventually("it can be reached again; \(daemon.log)") { serves(path) }
        }
    }

    @Test func aDirectoryThatWasDeletedIsWaitedForAndItsLockIsTakenAnew() throws {
        try withDaemonInDirectory(["--listen", "tcp:127.0.0.1:0"]) { daemon, path in
            let directory = String(path.dropLast("/firn.sock".count))
            try FileManager.default.removeItem(atPath: directory)
            try eventually("it says what is missing") {
                daemon.lines(with: "cannot be made again yet").contains { $0.contains("No such file or directory") }
            }
            // Others are served on.
            _ = try Peer.tcp(daemon.tcpPort()).nextID()
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            try eventually("it can be reached again; \(daemon.log)") { serves(path) }
            try withScratch { scratch in
                let second = try runToEnd(in: scratch, ["--listen", "unix:\(path)", "--store", "memory"])
                #expect(second.ending == .exited(75), "the place is taken: \(second.error)")
            }
        }
    }

    /// Whose directory was deleted has no lock any more that a second daemon could see.
    @Test func aSuccessorInANewDirectoryIsLeftAlone() throws {
        try withDaemonInDirectory { daemon, path in
            let directory = String(path.dropLast("/firn.sock".count))
            try FileManager.default.moveItem(atPath: directory, toPath: directory + "-gone")
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            try withScratch { scratch in
                let successor = try Daemon(in: scratch, arguments: ["--listen", "unix:\(path)", "--store", "memory"])
                try withExtendedLifetime(successor) {
                    // Which of the two comes first is a matter of milliseconds; the other one leaves it alone.
                    try eventually("the successor serves, or ends") {
                        successor.reap() != nil || !successor.lines(with: " serving ").isEmpty
                    }
                    #expect(serves(path))
                    if successor.reap() == nil {
                        try eventually("the first says who is in the way") {
                            daemon.lines(with: "cannot be made again yet").contains {
                                $0.contains("another firnd serves")
                            }
                        }
                        #expect(serves(path) && successor.reap() == nil)
                    }
                }
            }
        }
    }
}

/// Some other program's socket.
private final class BoundSocket {
    private let descriptor: Int32

    init(_ path: String, listens: Bool) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, !listens || listen(descriptor, 8) == 0 else { throw TestFailure("listen: \(systemError)") }
    }

    deinit {
        close(descriptor)
    }
}
