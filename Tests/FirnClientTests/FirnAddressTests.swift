import FirnClient
import Foundation
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
            ("/run/user/7", true, ["/run/firn", "/run/user/7/firn", "/tmp/firn-7"], "unix:/run/firn/firn.sock"),
            ("/run/user/7", true, ["/run/user/7/firn", "/tmp/firn-7"], "unix:/run/user/7/firn/firn.sock"),
            ("/run/user/7", true, ["/tmp/firn-7"], "unix:/tmp/firn-7/firn.sock"),
            ("/run/user/7", true, [], "unix:/run/user/7/firn/firn.sock"),
            (nil, true, [], "unix:/tmp/firn-7/firn.sock"),
            ("", true, [], "unix:/tmp/firn-7/firn.sock"),
            ("relative", true, ["relative/firn"], "unix:/tmp/firn-7/firn.sock"),
            // Another user laid the directory, or still can.
            ("/run/user/7", false, ["/tmp/firn-7"], "unix:/run/user/7/firn/firn.sock"),
            (nil, false, ["/tmp/firn-7"], "unix:/run/firn/firn.sock"),
            (nil, false, [], "unix:/run/firn/firn.sock"),
        ] as [(String?, Bool, [String], String)]
    )
    func followsTheDaemonsRule(runtimeDirectory: String?, isPrivate: Bool, there: [String], expected: String) {
        let address = FirnAddress.default(
            environment: { $0 == "XDG_RUNTIME_DIR" ? runtimeDirectory : nil },
            userID: 7,
            isPrivate: { isPrivate && $0 == "/tmp/firn-7" },
            mayConnect: { path in there.contains { path == $0 + "/firn.sock" } }
        )
        #expect(address.description == expected)
    }

    @Test func onlyADirectoryOfThisUserAloneIsPrivate() throws {
        let userID = UInt32(getuid())
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("firn-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let directory = scratch.appendingPathComponent("directory").path
        #expect(!FirnAddress.isPrivateDirectory(directory, userID: userID), "it is not there")
        #expect(mkdir(directory, 0o700) == 0)
        for mode: mode_t in [0o700, 0o500] {
            #expect(chmod(directory, mode) == 0)
            #expect(FirnAddress.isPrivateDirectory(directory, userID: userID), "mode \(String(mode, radix: 8))")
            #expect(!FirnAddress.isPrivateDirectory(directory, userID: userID + 1), "another user's")
        }
        for mode: mode_t in [0o777, 0o770, 0o750, 0o710, 0o707, 0o701, 0o704] {
            #expect(chmod(directory, mode) == 0)
            #expect(!FirnAddress.isPrivateDirectory(directory, userID: userID), "mode \(String(mode, radix: 8))")
        }
        #expect(chmod(directory, 0o700) == 0)
        let link = scratch.appendingPathComponent("link").path
        #expect(symlink(directory, link) == 0)
        #expect(!FirnAddress.isPrivateDirectory(link, userID: userID), "a link may be laid by another user")
        let file = scratch.appendingPathComponent("file").path
        #expect(FileManager.default.createFile(atPath: file, contents: nil, attributes: [.posixPermissions: 0o600]))
        #expect(!FirnAddress.isPrivateDirectory(file, userID: userID), "a file")
    }
}
