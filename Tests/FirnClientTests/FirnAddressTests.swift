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

    @Test(arguments: [
        ("/run/user/7", true, "unix:/run/firn/firn.sock"),
        ("/run/user/7", false, "unix:/run/user/7/firn/firn.sock"),
        (nil, false, "unix:/tmp/firn-7/firn.sock"),
        ("", false, "unix:/tmp/firn-7/firn.sock"),
        ("relative", false, "unix:/tmp/firn-7/firn.sock"),
    ])
    func followsTheDaemonsRule(runtimeDirectory: String?, hasSystemSocket: Bool, expected: String) {
        let address = FirnAddress.default(
            environment: { $0 == "XDG_RUNTIME_DIR" ? runtimeDirectory : nil },
            userID: 7,
            mayConnect: { _ in hasSystemSocket }
        )
        #expect(address.description == expected)
    }
}
