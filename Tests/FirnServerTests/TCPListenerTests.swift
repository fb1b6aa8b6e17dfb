import Glibc
import Testing

@testable import FirnServer

@Suite struct TCPListenerTests {
    private static func listen(
        _ host: String,
        port: UInt16 = 0,
        allowsAnyHost: Bool = false
    ) throws(ListenError) -> Listener {
        try Listener(.tcp(host: host, port: port), ownership: SocketOwnership(), allowsAnyHost: allowsAnyHost)
    }

    private static func port(of listener: Listener) -> UInt16? {
        if case .tcp(_, let port) = listener.address { port } else { nil }
    }

    @Test func portZeroGivesTheRealPort() throws {
        let listener = try Self.listen("127.0.0.1")
        #expect(!listener.isUnix)
        let port = try #require(Self.port(of: listener))
        #expect(port != 0)
        #expect(listener.address == .tcp(host: "127.0.0.1", port: port))
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
    }

    @Test func anotherListenerOnThePortIsRefusedAndTheFirstUnharmed() throws {
        let first = try Self.listen("127.0.0.1")
        let port = try #require(Self.port(of: first))
        let error = #expect(throws: ListenError.self) { try Self.listen("127.0.0.1", port: port) }
        #expect(error?.exitCode == 75)
        #expect(error?.description.contains("127.0.0.1:\(port)") == true)
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
        withExtendedLifetime(first) {}
    }

    @Test func aPortIsFreeAgainAtOnce() throws {
        var listener: Listener? = try Self.listen("127.0.0.1")
        let port = try #require(listener.flatMap { Self.port(of: $0) })
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
        listener = nil
        #expect(SocketProbe.connect(loopbackPort: port) == ECONNREFUSED)
        listener = try Self.listen("127.0.0.1", port: port)
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"])
    func beyondLoopbackIsRefusedWithoutTheFlag(host: String) {
        let error = #expect(throws: ListenError.self) { try Self.listen(host, port: 7300) }
        #expect(error?.exitCode == 78)
        #expect(error?.description.contains("can be reached from other hosts") == true)
        #expect(error?.description.contains("--insecure-tcp") == true)
        #expect(error?.description.contains(host) == true)
    }

    @Test func beyondLoopbackIsServedWithTheFlag() throws {
        let listener = try Self.listen("0.0.0.0", allowsAnyHost: true)
        let port = try #require(Self.port(of: listener))
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
    }

    /// What the manifests for Kubernetes have: one address for clusters of IPv4, of IPv6 and of both.
    @Test func theAddressOfBothFamiliesIsServedInBoth() throws {
        let listener = try Self.listen("::", allowsAnyHost: true)
        let port = try #require(Self.port(of: listener))
        #expect(!listener.isLoopback)
        #expect(SocketProbe.connect(loopbackPort: port) == 0)
        #expect(SocketProbe.connect(loopbackPort: port, isIPv6: true) == 0)
    }

    @Test func whereTheKernelHasNoIPv6ItIsServedInIPv4() throws {
        var binding = TCPBinding(host: "::", port: 0, allowsAnyHost: true, name: "--listen tcp:[::]:0")
        binding.hasIPv6 = { false }
        let socket = try binding.bind()
        #expect(SocketAddress.bound(to: socket.number)?.listenAddress.description.hasPrefix("tcp:0.0.0.0:") == true)
        // Whoever asks for one address of IPv6 wants that one.
        binding.host = "::1"
        let own = try binding.bind()
        #expect(SocketAddress.bound(to: own.number)?.listenAddress.description.hasPrefix("tcp:[::1]:") == true)
        // What leaves IPv4 to 0.0.0.0 does not take it all the same.
        binding.host = "::"
        binding.isIPv6Only = true
        let error = #expect(throws: ListenError.self) { try binding.bind() }
        #expect(error?.exitCode == 71)
        #expect(error?.description == "--listen tcp:[::]:0 cannot be had, for this kernel has no IPv6; leave it out")
    }

    @Test func allOfTheLoopbackNetworkIsLoopback() throws {
        let listener = try Self.listen("127.9.8.7")
        #expect(listener.isLoopback)
        #expect(listener.address == .tcp(host: "127.9.8.7", port: try #require(Self.port(of: listener))))
    }

    @Test func aHostThatIsNoneIsRefused() {
        let error = #expect(throws: ListenError.self) { try Self.listen("256.1.1.1.invalid", port: 7300) }
        #expect(error?.exitCode == 78)
        #expect(error?.description.contains("'256.1.1.1.invalid'") == true)
    }
}
