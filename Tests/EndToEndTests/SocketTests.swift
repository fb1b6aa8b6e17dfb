import FirnWire
import Foundation
import Testing

/// The socket's file: who has it, what became of it, what it is called, who may use it.
@Suite struct SocketTests {
    @Test func aSecondDaemonOnTheSamePathIsRefused() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch) { first in
                try withBystander(of: first) {
                    for store in ["memory", "sqlite:\(scratch.store)"] {
                        let second = try runToEnd(
                            in: scratch,
                            ["--listen", "unix:\(first.socketPath)", "--store", store]
                        )
                        #expect(second.ending == .exited(75))
                        #expect(second.error.contains(first.socketPath))
                    }
                    _ = try Peer.unix(first.socketPath).nextID()
                }
            }
        }
    }

    @Test func aSecondDaemonOnTheSamePortIsRefused() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--listen", "tcp:127.0.0.1:0"]) { first in
                let address = "tcp:127.0.0.1:\(try first.tcpPort())"
                let second = try runToEnd(in: scratch, ["--listen", address, "--store", "memory"])
                #expect(second.ending == .exited(75))
                #expect(second.error.contains(address))
                _ = try Peer.tcp(first.tcpPort()).nextID()
            }
        }
    }

    @Test func aStaleSocketIsReplaced() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch) { daemon in
                daemon.signal(SIGKILL)
                let ending = try daemon.waitForExit()
                #expect(ending == .killed(signal: SIGKILL))
                #expect(FileManager.default.fileExists(atPath: daemon.socketPath))
            }
            try withDaemon(in: scratch) { _ = try Peer.unix($0.socketPath).nextID() }
        }
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        try withScratch { scratch in
            let path = try scratch.write("precious", "a diary")
            let (ending, error, _) = try runToEnd(in: scratch, ["--listen", "unix:\(path)", "--store", "memory"])
            #expect(ending == .exited(78))
            #expect(error.contains("\(path) is there and is not a socket"))
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a diary")
        }
    }

    @Test func anotherProgramsSocketIsLeftAlone() throws {
        try withScratch { scratch in
            let path = scratch.file("other.sock")
            let other = try ListeningSocket(path)
            try withExtendedLifetime(other) {
                let (ending, error, _) = try runToEnd(in: scratch, ["--listen", "unix:\(path)", "--store", "memory"])
                #expect(ending == .exited(75))
                #expect(error.contains(path))
                _ = try Peer.unix(path)
            }
        }
    }

    @Test func aPathTooLongForASocketIsRefused() throws {
        try withScratch { scratch in
            let room = 107 - scratch.path.utf8.count - 1
            let longest = scratch.file(String(repeating: "s", count: room))
            let refused = try runToEnd(in: scratch, ["--listen", "unix:\(longest)s", "--store", "memory"])
            #expect(refused.ending == .exited(78))
            #expect(refused.error.contains("108 bytes") && refused.error.contains("107"))

            let daemon = try Daemon(in: scratch, arguments: ["--listen", "unix:\(longest)", "--store", "memory"])
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                _ = try Peer.unix(longest).nextID()
            }
        }
    }

    @Test(arguments: [([], 0o660), (["--socket-mode", "0600"], 0o600), (["--socket-mode", "666"], 0o666)])
    func hasItsMode(_ arguments: [String], _ mode: Int) throws {
        try withDaemon(arguments) { daemon in
            let attributes = try FileManager.default.attributesOfItem(atPath: daemon.socketPath)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode)
        }
    }

    @Test func aUserWhoIsNotAllowedIsTold() throws {
        let other = getuid() + 12_345
        try withDaemon(["--allow-uid", "\(other)"]) { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            guard case .error(let status) = try peer.callOrRefusal() else { throw TestFailure("it was served") }
            #expect(status.code == .permissionDenied)
            #expect(status.message.contains("user \(getuid())") && status.message.contains("--allow-uid"))
            // Its request may lie unread, and then it is a reset.
            let end = #expect(throws: Peer.Failure.self) { try peer.answer() }
            #expect(end != .timedOut)
        }
        try withDaemon(["--allow-uid", "\(other)", "--allow-uid", "\(getuid())"]) { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
        }
        try withDaemon(["--allow-uid", "\(other)", "--allow-gid", "\(getgid())"]) { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
        }
    }

    @Test(arguments: ["0.0.0.0", "[::]"])
    func tcpBeyondThisHostMustBeWanted(_ host: String) throws {
        try withScratch { scratch in
            let (ending, error, _) = try runToEnd(in: scratch, ["--listen", "tcp:\(host):0", "--store", "memory"])
            #expect(ending == .exited(78))
            #expect(error.contains("--insecure-tcp"))
        }
    }
}

/// Some other program's socket.
private final class ListeningSocket {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0, listen(descriptor, 8) == 0 else { throw TestFailure("listen: \(systemError)") }
    }

    deinit {
        close(descriptor)
    }
}
