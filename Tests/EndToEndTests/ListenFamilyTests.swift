import FirnServer
import Foundation
import Testing

/// IPv4 and IPv6 on one port.
@Suite struct ListenFamilyTests {
    private func connects(_ family: Int32, port: UInt16) -> Bool {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        if family == AF_INET {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return connect(descriptor, &address)
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = in6addr_loopback
        return connect(descriptor, &address)
    }

    private func connect<Address>(_ descriptor: Int32, _ address: inout Address) -> Bool {
        let length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) == 0 }
        }
    }

    /// `[::]` took IPv4's port too, and the daemon then found it in use, by itself.
    @Test(arguments: [["[::]", "0.0.0.0"], ["0.0.0.0", "[::]"]])
    func bothWildcardsHaveAPortInCommon(_ hosts: [String]) throws {
        try withScratch { scratch in
            // A port that was free a moment ago, below those that the system gives to clients.
            let port = UInt16.random(in: 20_000..<30_000)
            let arguments = hosts.flatMap { ["--listen", "tcp:\($0):\(port)"] }
            let daemon = try Daemon(in: scratch, arguments: arguments + ["--insecure-tcp", "--store", "memory"])
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                #expect(connects(AF_INET, port: port) && connects(AF_INET6, port: port))
            }
        }
    }

    @Test func aloneItServesBoth() throws {
        try withScratch { scratch in
            let port = UInt16.random(in: 20_000..<30_000)
            let arguments = ["--listen", "tcp:[::]:\(port)", "--insecure-tcp", "--store", "memory"]
            let daemon = try Daemon(in: scratch, arguments: arguments)
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                #expect(connects(AF_INET, port: port) && connects(AF_INET6, port: port))
            }
        }
    }

    @Test func thePureRule() throws {
        func clash(_ a: String, _ b: String) -> String? {
            let named = [a, b].map { text in
                AddressOverlap.Named(option: "--listen", address: try! ListenAddress(parsing: "tcp:" + text))
            }
            do throws(ListenError) {
                try AddressOverlap.check(named)
                return nil
            } catch {
                return error.description
            }
        }
        for (a, b) in [
            ("[::]:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("0.0.0.0:1", "127.0.0.1:1"),
            ("127.0.0.1:1", "0.0.0.0:1"),
            ("localhost:1", "localhost:1"), ("[::ffff:127.0.0.1]:1", "127.0.0.1:1"), ("[0::1]:1", "[::1]:1"),
        ] {
            #expect(clash(a, b)?.contains("is to listen too") == true, "\(a) \(b)")
        }
        for (a, b) in [
            ("[::]:1", "0.0.0.0:1"), ("127.0.0.1:1", "127.0.0.2:1"), ("[::1]:1", "127.0.0.1:1"), ("[::]:1", "[::1]:2"),
            ("127.0.0.1:0", "127.0.0.1:0"), ("[::]:0", "127.0.0.1:0"),
        ] {
            #expect(clash(a, b) == nil, "\(a) \(b)")
        }
        let wild = ["tcp:[::]:1", "tcp:0.0.0.0:1", "tcp:[::]:2", "tcp:127.0.0.1:2"].map {
            try! ListenAddress(parsing: $0)
        }
        #expect(AddressOverlap.ipv6Only(of: wild) == [wild[0]])
    }
}
