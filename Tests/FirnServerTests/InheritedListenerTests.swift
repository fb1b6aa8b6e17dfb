import Glibc
import Testing

@testable import FirnServer

/// Sockets that somebody else opened, as systemd does.
@Suite struct InheritedListenerTests {
    @Test func aTCPSocketIsTakenAsItIs() throws {
        let descriptor = SocketProbe.listenTCP(0x7f00_0001)
        var listener: Listener? = try Listener(inherited: descriptor, allowsAnyHost: false)
        #expect(listener?.isUnix == false)
        #expect(listener?.descriptor == descriptor)
        guard case .tcp("127.0.0.1", let port)? = listener?.address, port != 0 else {
            Issue.record("no address: \(String(describing: listener?.address))")
            return
        }
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
        listener = nil
        #expect(SocketProbe.connect(loopbackPort: port) == ECONNREFUSED)
    }

    @Test func aUnixSocketsFileStays() throws {
        let directory = TemporaryDirectory()
        let path = directory.file("firn.sock")
        let original = SocketProbe.bind(unix: path, listens: true)
        var listener: Listener? = try Listener(inherited: dup(original.number), allowsAnyHost: false)
        #expect(listener?.isUnix == true)
        #expect(listener?.address == .unix(path: path))
        listener = nil
        // Its file and lock are the other's, which still listens.
        #expect(directory.names == ["firn.sock"])
        #expect(SocketProbe.connect(unix: path) == 0)
    }

    @Test func aSocketThatDoesNotListenIsRefused() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let error = #expect(throws: ListenError.self) { try Listener(inherited: descriptor, allowsAnyHost: false) }
        #expect(error?.exitCode == 78)
        #expect(error?.description.contains("descriptor \(descriptor) is not a listening") == true)
    }

    @Test func aDescriptorThatIsNoSocketIsRefused() {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        #expect(throws: ListenError.self) { try Listener(inherited: descriptor, allowsAnyHost: false) }
    }

    @Test func beyondLoopbackFollowsTheFlag() throws {
        let error = #expect(throws: ListenError.self) {
            try Listener(inherited: SocketProbe.listenTCP(0), allowsAnyHost: false)
        }
        #expect(error?.description.contains("--insecure-tcp") == true)
        let listener = try Listener(inherited: SocketProbe.listenTCP(0), allowsAnyHost: true)
        #expect(!listener.isUnix)
    }

    // In processes of their own, for the environment belongs to all tests.
    @Test func systemdsVariablesSayWhichDescriptors() async {
        await #expect(processExitsWith: .success) {
            precondition(Listener.inheritedDescriptors().isEmpty, "nothing is said")
            setenv("LISTEN_FDS", "2", 1)
            precondition(Listener.inheritedDescriptors().isEmpty, "not said to whom")
            setenv("LISTEN_PID", "\(getpid() + 1)", 1)
            precondition(Listener.inheritedDescriptors().isEmpty, "meant for another process")
            setenv("LISTEN_PID", "\(getpid())", 1)
            precondition(Listener.inheritedDescriptors() == [3, 4])
            for nonsense in ["", "0", "-1", "x", "1024"] {
                setenv("LISTEN_FDS", nonsense, 1)
                precondition(Listener.inheritedDescriptors().isEmpty, "\(nonsense) is no count")
            }
        }
    }

    @Test func namesAndNotTheOrderSayWhatASocketIsFor() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "3", 1)
            let nameless = try InheritedSocket.all()
            precondition(nameless.map(\.purpose) == [.frames, .frames, .frames])
            setenv("LISTEN_FDNAMES", "http:firn:admin", 1)
            let named = try InheritedSocket.all()
            precondition(named.map(\.purpose) == [.http, .frames, .admin] && named.map(\.descriptor) == [3, 4, 5])
            setenv("LISTEN_FDNAMES", "admin:unknown:firn", 1)
            let unknown = try InheritedSocket.all()
            precondition(unknown.map(\.purpose) == [.admin, .frames, .frames])
        }
    }

    @Test func aNameThatSaysNothingIsRefused() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "2", 1)
            for (names, said) in [
                ("firn:firn-http.socket", "'firn-http.socket'"), ("firn:", "''"), ("Firn:firn", "'Firn'"),
                ("firn", "'firn'"), ("firn:firn:firn", "'firn:firn:firn'"),
            ] {
                setenv("LISTEN_FDNAMES", names, 1)
                do throws(ListenError) {
                    let taken = try InheritedSocket.all()
                    preconditionFailure("\(names) was taken as \(taken)")
                } catch {
                    precondition(error.exitCode == 78 && error.description.contains(said), error.description)
                }
            }
        }
    }
}
