import Glibc
import Testing

@testable import FirnServer

@Suite struct UnixListenerTests {
    private static func listen(
        _ path: String,
        ownership: SocketOwnership = SocketOwnership()
    ) throws(ListenError) -> Listener {
        try Listener(.unix(path: path), ownership: ownership, allowsAnyHost: false)
    }

    private static func refusal(_ path: String, ownership: SocketOwnership = SocketOwnership()) -> ListenError? {
        #expect(throws: ListenError.self) { try listen(path, ownership: ownership) }
    }

    @Test func aListenerCanBeConnectedToAndLeavesOnlyItsLock() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        var listener: Listener? = try Self.listen(path)
        #expect(listener?.isUnix == true)
        #expect(listener?.address == .unix(path: path))
        #expect(SocketProbe.connect(unix: path) == 0)
        #expect(directory.names == ["firn.sock", "firn.sock.lock"])
        listener = nil
        #expect(directory.names == ["firn.sock.lock"])
        // The lock file that stayed is no obstacle.
        listener = try Self.listen(path)
        #expect(SocketProbe.connect(unix: path) == 0)
    }

    @Test func aStaleSocketIsReplaced() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        // What a killed daemon leaves: a file that nobody listens on, and an unlocked lock.
        var dead: FileDescriptor? = SocketProbe.bind(unix: path, listens: true)
        withExtendedLifetime(dead) {}
        dead = nil
        #expect(SocketProbe.connect(unix: path) == ECONNREFUSED)
        let listener = try Self.listen(path)
        #expect(SocketProbe.connect(unix: path) == 0)
        withExtendedLifetime(listener) {}
    }

    @Test func aSecondListenerIsRefusedAndTheFirstUnharmed() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let first = try Self.listen(path)
        for _ in 0..<3 {
            let error = Self.refusal(path)
            #expect(error?.exitCode == 75)
            #expect(error?.description.contains("another firnd serves \(path)") == true)
            #expect(error?.description.contains(path + ".lock") == true)
            #expect(SocketProbe.connect(unix: path) == 0, "the first is still there")
        }
        withExtendedLifetime(first) {}
    }

    @Test func aForeignLiveSocketIsRefusedAndUnharmed() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let foreign = SocketProbe.bind(unix: path, listens: true)
        let error = Self.refusal(path)
        #expect(error?.exitCode == 75)
        #expect(error?.description == "a program that is not firnd serves \(path); stop it, or listen elsewhere")
        #expect(SocketProbe.connect(unix: path) == 0)
        withExtendedLifetime(foreign) {}
    }

    @Test func aFileInTheWayIsRefusedAndKept() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        let error = Self.refusal(path)
        #expect(error?.exitCode == 78)
        #expect(error?.description == "\(path) is there and is not a socket; move it away, or listen elsewhere")
        #expect(SocketProbe.status(path) != nil)
    }

    @Test func aSymbolicLinkInTheWayIsRefusedAndKept() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let elsewhere = directory.file("elsewhere.sock")
        let foreign = SocketProbe.bind(unix: elsewhere, listens: false)
        symlink(elsewhere, path)
        #expect(Self.refusal(path)?.exitCode == 78)
        #expect(directory.names.contains("firn.sock"))
        #expect(directory.names.contains("elsewhere.sock"))
        withExtendedLifetime(foreign) {}
    }

    @Test func aDirectoryThatIsNotThereIsRefused() {
        let error = Self.refusal("/tmp/firn-tests-no-such-directory/firn.sock")
        #expect(error?.exitCode == 71)
        #expect(error?.description.contains("No such file or directory") == true)
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32]) func theFileHasItsMode(mode: UInt32) throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let listener = try Self.listen(path, ownership: SocketOwnership(mode: mode))
        #expect(SocketProbe.status(path).map { $0.st_mode & 0o777 } == mode)
        #expect(SocketProbe.status(path + ".lock").map { $0.st_mode & 0o777 } == 0o600)
        withExtendedLifetime(listener) {}
    }

    @Test func theDefaultModeKeepsOthersOut() {
        #expect(SocketOwnership().mode == 0o660)
    }

    /// With its mode and owner in place, and before listen(), nobody is let in.
    @Test func nobodyConnectsBeforeTheModeIsSet() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let file = try SocketFile(path: path, ownership: SocketOwnership(mode: 0o640))
        let socket = try file.bind()
        #expect(SocketProbe.status(path).map { $0.st_mode & 0o777 } == 0o640)
        #expect(SocketProbe.connect(unix: path) == ECONNREFUSED)
        #expect(Glibc.listen(socket.number, 1) == 0)
        #expect(SocketProbe.connect(unix: path) == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func theFileHasItsOwner() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let listener = try Self.listen(path, ownership: SocketOwnership(mode: 0o660, owner: 12_345, group: 23_456))
        let status = try #require(SocketProbe.status(path))
        #expect(status.st_uid == 12_345)
        #expect(status.st_gid == 23_456)
        #expect(status.st_mode & 0o777 == 0o660)
        withExtendedLifetime(listener) {}
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func aGroupAloneLeavesTheOwner() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let listener = try Self.listen(path, ownership: SocketOwnership(group: 23_456))
        let status = try #require(SocketProbe.status(path))
        #expect(status.st_uid == geteuid())
        #expect(status.st_gid == 23_456)
        withExtendedLifetime(listener) {}
    }

    @Test func aFileThatTookTheSocketsPlaceIsKept() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        var listener: Listener? = try Self.listen(path)
        unlink(path)
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        withExtendedLifetime(listener) {}
        listener = nil
        #expect(directory.names == ["firn.sock", "firn.sock.lock"])
    }

    @Test func aSocketThatTookTheSocketsPlaceIsKept() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        var listener: Listener? = try Self.listen(path)
        unlink(path)
        let foreign = SocketProbe.bind(unix: path, listens: true)
        withExtendedLifetime(listener) {}
        listener = nil
        #expect(SocketProbe.connect(unix: path) == 0)
        withExtendedLifetime(foreign) {}
    }

    @Test func aSocketThatCouldNotBeGivenItsOwnerIsRemoved() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        // Group 2^32 - 2 is no group of an ordinary user's; root may give the file to it.
        let ownership = SocketOwnership(group: .max - 1)
        if geteuid() == 0 {
            _ = try Self.listen(path, ownership: ownership)
        } else {
            _ = Self.refusal(path, ownership: ownership)
        }
        #expect(directory.names == ["firn.sock.lock"])
    }

    @Test func aPathOfTheGreatestLengthIsServed() throws {
        let directory = TemporaryDirectory()
        let name = String(repeating: "s", count: ListenAddress.maximumPathLength - directory.path.utf8.count - 1)
        let path = directory.file(name)
        #expect(path.utf8.count == 107)
        let listener = try Self.listen(path)
        #expect(SocketProbe.connect(unix: path) == 0)
        withExtendedLifetime(listener) {}
    }
}
