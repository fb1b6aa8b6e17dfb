import FirnServer
import Testing

/// Whether an address leads to the daemon that is given it.
@Suite struct AddressOfItselfTests {
    private static func leads(_ address: String, to own: String) throws -> Bool {
        try AddressOverlap.leads(
            ListenAddress(parsing: address),
            to: ListenAddress(parsing: own),
            hostName: "web-1"
        )
    }

    @Test(arguments: [
        ("unix:/run/firn.sock", "unix:/run/firn.sock"), ("tcp:127.0.0.1:1", "tcp:127.0.0.1:1"),
        ("tls:db:7300", "tls:db:7300"), ("tcp:db:7300", "tls:db:7300"), ("tcp:localhost:1", "tcp:127.0.0.1:1"),
        ("tcp:localhost:1", "tcp:[::1]:1"), ("tcp:127.0.0.1:1", "tcp:localhost:1"),
        ("tcp:127.0.0.1:1", "tcp:0.0.0.0:1"),
        ("tcp:localhost:1", "tcp:0.0.0.0:1"), ("tcp:web-1:1", "tcp:0.0.0.0:1"), ("tcp:[::1]:1", "tcp:[::]:1"),
        ("tcp:127.0.0.1:1", "tcp:[::]:1"), ("tcp:[0:0::1]:1", "tcp:[::1]:1"),
    ])
    func whatLeadsToItself(_ address: String, _ own: String) throws {
        #expect(try Self.leads(address, to: own))
    }

    @Test(arguments: [
        ("unix:/run/firn.sock", "unix:/run/other.sock"), ("unix:/run/firn.sock", "tcp:127.0.0.1:1"),
        ("tcp:127.0.0.1:1", "unix:/run/firn.sock"), ("tcp:127.0.0.1:1", "tcp:127.0.0.1:2"),
        ("tcp:10.0.0.1:1", "tcp:0.0.0.0:1"), ("tcp:db:1", "tcp:0.0.0.0:1"), ("tcp:[::1]:1", "tcp:0.0.0.0:1"),
        ("tcp:10.0.0.1:1", "tcp:127.0.0.1:1"), ("tcp:db:1", "tcp:web-1:1"), ("tcp:127.0.0.1:1", "tcp:db:1"),
        ("tcp:127.0.0.1:1", "tcp:127.0.0.1:0"), ("tcp:db:1", "tcp:127.0.0.1:1"),
    ])
    func whatLeadsElsewhere(_ address: String, _ own: String) throws {
        #expect(try !Self.leads(address, to: own))
    }
}
