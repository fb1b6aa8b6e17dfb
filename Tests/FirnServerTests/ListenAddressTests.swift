import FirnServer
import Testing

@Suite struct ListenAddressTests {
    @Test(arguments: [
        ("unix:/run/firn/firn.sock", ListenAddress.unix(path: "/run/firn/firn.sock")),
        ("unix:firn.sock", .unix(path: "firn.sock")),
        ("tcp:127.0.0.1:7300", .tcp(host: "127.0.0.1", port: 7300)),
        ("tcp:localhost:0", .tcp(host: "localhost", port: 0)),
        ("tcp:[::1]:65535", .tcp(host: "::1", port: 65535)),
    ])
    func anAddressIsReadAndWritten(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress(parsing: text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        ("", "'' is not an address; write unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"),
        ("/run/firn.sock", "'/run/firn.sock' is not an address; write unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"),
        ("http://a:1", "'http://a:1' is not an address; write unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"),
        ("UNIX:/a", "'UNIX:/a' is not an address; write unix:PATH, tcp:HOST:PORT or tls:HOST:PORT"),
        ("unix:", "unix: lacks the socket's path; write unix:/run/firn/firn.sock"),
        ("unix:@firn", "'@firn' is an abstract socket, which anyone on the host may connect to; give a path"),
        ("unix:/run/a\0b", "the socket path has a NUL in it"),
        ("unix:\0firn", "the socket path has a NUL in it"),
        ("tcp:", "'tcp:' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:localhost", "'tcp:localhost' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:localhost:", "'tcp:localhost:' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:localhost:65536", "'tcp:localhost:65536' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:localhost:-1", "'tcp:localhost:-1' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:localhost:http", "'tcp:localhost:http' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp:7300", "'tcp:7300' lacks a port from 0 to 65535; write tcp:HOST:PORT"),
        ("tcp::7300", "'tcp::7300' lacks a host; write tcp:127.0.0.1:7300, or the address to serve on"),
        ("tcp:[]:7300", "'tcp:[]:7300' lacks a host; write tcp:127.0.0.1:7300, or the address to serve on"),
        ("tcp:::1:7300", "'tcp:::1:7300': put an IPv6 address in brackets, as in tcp:[::1]:7300"),
        ("tcp:[::1:7300", "'tcp:[::1:7300': put an IPv6 address in brackets, as in tcp:[::1]:7300"),
    ])
    func whatIsNoneIsRefusedInWords(text: String, message: String) {
        let error = #expect(throws: ListenError.self) { try ListenAddress(parsing: text) }
        #expect(error?.description == message)
        #expect(error?.exitCode == 78)
    }

    @Test func optionsForTCPAloneTakeItWithoutItsName() throws {
        #expect(try ListenAddress(parsingHostAndPort: "a:1") == .tcp(host: "a", port: 1))
        #expect(try ListenAddress(parsingHostAndPort: "tcp:a:1") == .tcp(host: "a", port: 1))
        #expect(try ListenAddress(parsingHostAndPort: "tls:a:1") == .tls(host: "a", port: 1))
        for (text, message) in [
            ("unix:/a", "'unix:/a' is a Unix socket; write HOST:PORT or tls:HOST:PORT"),
            ("https://a:1", "'https://a:1' is a URL; write HOST:PORT or tls:HOST:PORT"),
        ] {
            let error = #expect(throws: ListenError.self) { try ListenAddress(parsingHostAndPort: text) }
            #expect(error?.description == message)
        }
    }

    @Test func aPathMayHaveAsManyBytesAsTheSystemTakes() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(try ListenAddress(parsing: "unix:" + longest) == .unix(path: longest))
        // Bytes are counted, not characters.
        for tooLong in [longest + "a", "/" + String(repeating: "a", count: 105) + "ä"] {
            let error = #expect(throws: ListenError.self) { try ListenAddress(parsing: "unix:" + tooLong) }
            #expect(error?.description.contains("108 bytes, and Linux allows 107; choose a shorter one") == true)
            #expect(error?.description.contains(tooLong) == true)
        }
    }
}
