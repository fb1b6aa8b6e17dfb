import FirnConfiguration
import FirnTestSupport
import FirnWire
import Foundation
import Testing

@testable import firnd

/// Users and groups by name and number.
@Suite struct AccountTests {
    @Test func aNameIsLookedUpAndANumberIsNot() throws {
        #expect(try Account.user("root", option: "allow-uid") == 0)
        #expect(try Account.group("root", option: "allow-gid") == 0)
        #expect(try Account.user("nobody", option: "allow-uid") == #require(getpwnam("nobody")).pointee.pw_uid)
        #expect(try Account.group("daemon", option: "allow-gid") == #require(getgrnam("daemon")).pointee.gr_gid)
        #expect(try Account.user("4294967294", option: "allow-uid") == 4_294_967_294)
        #expect(try Account.group("54321", option: "allow-gid") == 54_321)
    }

    @Test(arguments: ["", "-1", "+1", "1.5", "0x0", "4294967295", "99999999999999999999", "no-user"])
    func whatIsNoUserIsRefused(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) { try Account.user(text, option: "allow-uid") }
        #expect(error.map { "\($0)".hasPrefix("--allow-uid is '\(text)', and ") } == true, "\(error as Any)")
    }

    /// A database may answer that the space for the entry is too small, and may be interrupted.
    @Test func aLongEntryIsReadAfterSomeTries() throws {
        var lengths: [Int] = []
        let named = try Account.Named(kind: "group", text: "staff", option: "allow-gid")
        let entry = try named.entry(group()) { name, entry, _, length, found in
            lengths.append(length)
            guard lengths.count != 2 else { return EINTR }
            guard length >= 100_000 else { return ERANGE }
            #expect(String(cString: name) == "staff")
            entry.pointee.gr_gid = 50
            found.pointee = entry
            return 0
        }
        #expect(entry.gr_gid == 50)
        #expect(lengths.last == 131_072 && lengths.count == 9, "\(lengths)")
    }

    @Test func aDatabaseThatFailsIsNamedAndEndsTheSearch() throws {
        let named = try Account.Named(kind: "user", text: "anna", option: "allow-uid")
        for (reason, message) in [
            (EIO, "the system cannot look it up: Input/output error; give its number"),
            (ERANGE, "the system cannot look it up: Numerical result out of range; give its number"),
            (ENOENT, "there is no such user"),
        ] {
            let error = #expect(throws: ConfigurationError.self) {
                try named.entry(passwd()) { _, _, _, _, _ in reason }
            }
            #expect(error.map { "\($0)".contains(message) } == true, "\(error as Any)")
        }
    }

    @Test func namesSayWhoMayConnect() throws {
        let own = String(cString: try #require(getpwuid(getuid())).pointee.pw_name)
        let ownGroup = String(cString: try #require(getgrgid(getgid())).pointee.gr_name)
        let other = own == "nobody" ? "daemon" : "nobody"
        for admitting in [["--allow-uid", own], ["--allow-gid", ownGroup]] {
            try withDaemon(["--allow-uid", other] + admitting) { daemon in
                _ = try Peer.unix(daemon.socketPath).nextID()
            }
        }
        try withDaemon(["--allow-uid", other]) { daemon in
            guard case .error(let status) = try Peer.unix(daemon.socketPath).callOrRefusal() else {
                throw TestFailure("it was served")
            }
            #expect(status.code == .permissionDenied)
        }
    }
}
