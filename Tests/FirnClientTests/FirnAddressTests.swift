import FirnClient
import Testing

@testable import FirnClient

@Suite struct FirnAddressTests {
    @Test(arguments: [
        "unix:/run/firn/firn.sock", "unix:relative", "tcp:127.0.0.1:7300", "tcp:[::1]:7300", "tcp:host:1",
    ])
    func readsWhatItWrites(text: String) throws {
        #expect(try FirnAddress(parsing: text).description == text)
    }

    @Test(arguments: [
        ("", "unix:/run/firn/firn.sock"), ("/run/firn/firn.sock", "unix:PATH"), ("unix:", "no path"),
        ("unix:a\0b", "NUL"), ("tcp:", "tcp:HOST:PORT"), ("tcp:host", "port"), ("tcp:host:", "port"),
        ("tcp:host:65536", "port"), ("tcp:host:-1", "port"), ("tcp:host:0", "port 0"), ("tcp::7300", "no host"),
        ("tcp:::1:7300", "[::1]"), ("tcp:[]:7300", "brackets"), ("tcp:[::1:7300", "brackets"),
        ("unix:/" + String(repeating: "x", count: 107), "108 bytes"),
    ])
    func saysWhatToWriteInstead(text: String, hint: String) {
        do {
            let address = try FirnAddress(parsing: text)
            Issue.record("read \(address)")
        } catch {
            #expect(error.code == .invalidAddress && error.message.contains(hint), "\(error)")
        }
    }

    @Test(
        arguments: [
            ("/run/user/7", ["/run/firn", "/run/user/7/firn", "/tmp/firn-7"], "unix:/run/firn/firn.sock"),
            ("/run/user/7", ["/run/user/7/firn", "/tmp/firn-7"], "unix:/run/user/7/firn/firn.sock"),
            ("/run/user/7", ["/tmp/firn-7"], "unix:/tmp/firn-7/firn.sock"),
            ("/run/user/7", [], "unix:/run/user/7/firn/firn.sock"),
            (nil, [], "unix:/tmp/firn-7/firn.sock"),
            ("", [], "unix:/tmp/firn-7/firn.sock"),
            ("relative", ["relative/firn"], "unix:/tmp/firn-7/firn.sock"),
        ] as [(String?, [String], String)]
    )
    func followsTheDaemonsRule(runtimeDirectory: String?, there: [String], expected: String) {
        let address = FirnAddress.default(
            environment: { $0 == "XDG_RUNTIME_DIR" ? runtimeDirectory : nil },
            userID: 7,
            mayConnect: { path in there.contains { path == $0 + "/firn.sock" } }
        )
        #expect(address.description == expected)
    }
}
