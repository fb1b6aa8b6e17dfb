import FirnConfiguration
import Foundation
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b"]),
        ("a\rb\r", ["a", "b"]),
        ("\n\n", ["", ""]), ("\r\n\r\n", ["", ""]), ("\r\r", ["", ""]), ("\n\r", ["", ""]),
        ("a\r\n\nb\r", ["a", "", "b"]),
        // A mark that joins the character before it makes no other line of it.
        ("a\r\n\u{301}b", ["a", "\u{301}b"]), ("a\u{85}b\u{2028}c\u{B}d", ["a\u{85}b\u{2028}c\u{B}d"]),
    ])
    func linesEndWithOneOfThree(_ text: String, _ lines: [String]) {
        #expect(TextFile.lines(of: text).map(String.init) == lines)
    }

    @Test func blanksAreBlanksAndTabs() {
        #expect(" \t a b\t ".trimmingBlanks() == "a b")
        #expect("\ra\r".trimmingBlanks() == "\ra\r")
        #expect("  ".trimmingBlanks().isEmpty)
    }

    @Test func aByteOrderMarkIsNoText() throws {
        let path = NSTemporaryDirectory() + "/firn-text-\(UUID().uuidString)"
        defer { unlink(path) }
        try Data([0xEF, 0xBB, 0xBF] + Array("a = b".utf8)).write(to: URL(fileURLWithPath: path))
        #expect(try TextFile.read(path: path) == "a = b")
        try Data([0xFF, 0xFE, 0x61, 0x00]).write(to: URL(fileURLWithPath: path))
        #expect(throws: ConfigurationError.self) { try TextFile.read(path: path) }
    }

    @Test(arguments: [
        ("a\rb", "a\\rb", "\\r"), ("a\n", "a\\n", "\\n"), ("\0", "\\0", "\\0"), ("a\tb", "a\\tb", "\\t"),
        ("\u{7F}", "\\u{7F}", "\\u{7F}"), ("\u{85}", "\\u{85}", "\\u{85}"), ("\u{2028}x", "\\u{2028}x", "\\u{2028}"),
        ("\u{FEFF}x", "\\u{FEFF}x", "\\u{FEFF}"), ("\r\n", "\\r\\n", "\\r"),
        (String(decoding: [0x61, 0xFF] as [UInt8], as: UTF8.self), "a\\u{FFFD}", "\\u{FFFD}"),
    ])
    func aControlCharacterIsRefusedAndWrittenOut(_ text: String, _ escaped: String, _ character: String) {
        #expect(text.escapingControls == escaped)
        let error = #expect(throws: ConfigurationError.self) { try text.refuseControls(in: "FIRN_STORE") }
        #expect(error?.description.hasPrefix("FIRN_STORE: '\(escaped)' has the character \(character), ") == true)
    }

    @Test(arguments: ["", "sqlite:/a b/ä/é/日本.db", "tcp:[::1]:7300"])
    func whatShowsIsLeftAlone(_ text: String) throws {
        try text.refuseControls(in: "x")
        #expect(text.escapingControls == text)
    }
}
