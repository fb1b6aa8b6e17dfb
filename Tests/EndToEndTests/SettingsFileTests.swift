import FirnConfiguration
import Foundation
import Testing

@testable import firnd

/// The file of settings: nothing in it is swallowed, whatever its lines end with.
@Suite struct SettingsFileTests {
    private static let settings = [("listen", "unix:/tmp/a b.sock"), ("store", "memory"), ("layout", "sonyflake")]

    @Test(arguments: ["\n", "\r\n", "\r"], ["", "\u{FEFF}"])
    func linesEndAsTheyMay(_ end: String, _ mark: String) throws {
        try withScratch { scratch in
            let lines = ["# production", "", "\tlisten =  unix:/tmp/a b.sock \t", "store=memory", "layout = sonyflake"]
            let path = try scratch.write("firn.conf", mark + lines.joined(separator: end) + end)
            let file = try SettingsFile(path: path)
            #expect(file.lines.map(\.name) == Self.settings.map(\.0))
            #expect(file.lines.map(\.value) == Self.settings.map(\.1))
            #expect(file.lines.map(\.place) == (3...5).map { "\(path), line \($0)" })
        }
    }

    @Test(arguments: [
        ("store = memory\u{0}\n", "f, line 1: store: 'memory\\0' has the character \\0"),
        ("a = b\nstore = mem\u{85}layout = x\n", "f, line 2: store: 'mem\\u{85}layout = x'"),
        ("# comment\u{2028}store = memory\n", "f, line 1: '# comment\\u{2028}store = memory'"),
        ("sto\u{B}re = memory\n", "f, line 1: 'sto\\u{B}re'"),
        ("store = a\tb\n", "f, line 1: store: 'a\\tb'"),
        ("store\u{7F}memory\n", "f, line 1: 'store\\u{7F}memory' is not of the form"),
        ("# one\r\r\u{C}# two\n", "f, line 3: '\\u{C}# two'"),
    ])
    func aControlCharacterIsRefusedWithItsLine(_ text: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try SettingsFile(text: text, path: "f") }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: ["unix:/run/firn.sock # the pod's", "#none"])
    func aCommentBehindAValueIsNoPartOfIt(_ value: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try SettingsFile(text: "# ours\nlisten = \(value)\n", path: "f")
        }
        #expect(error?.description.hasPrefix("f, line 2: listen: '\(value)' has a '#'") == true)
    }

    @Test func aNumberSignWithinAWordIsPartOfTheValue() throws {
        #expect(try SettingsFile(text: "store = sqlite:/a#1.db\n", path: "f").lines.map(\.value) == ["sqlite:/a#1.db"])
    }

    @Test func aCommentMayHaveTabs() throws {
        #expect(try SettingsFile(text: "#\ta\tb\r\n\tx\t=\ty\r\n", path: "f").lines.map(\.value) == ["y"])
    }
}
