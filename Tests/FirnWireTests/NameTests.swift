import FirnWire
import Testing

@Suite struct NameTests {
    private static let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-".utf8)

    @Test func namesAreOneToSixtyFourCharacters() {
        #expect(Name("") == nil)
        #expect(Name("a")?.description == "a")
        #expect(Name(String(repeating: "z", count: 64))?.description.count == 64)
        #expect(Name(String(repeating: "z", count: 65)) == nil)
    }

    @Test func charactersOfSeveralBytesAreRefused() {
        for text in ["ä", "naïve", "名", "a\u{301}", "👍", "a b", "a/b", "a\0b", "\0", "a\n"] {
            #expect(Name(text) == nil, "\(text.debugDescription)")
        }
    }

    /// Both methods that carry a name, as raw bytes: a string of the wire can hold anything.
    private static func decoded(name: [UInt8]) -> [Decoded<Request>] {
        [
            decodedRequest(field(1, 9) + field(5, field(1, name) + field(2, 3))),
            decodedRequest(field(1, 9) + field(6, field(1, name))),
        ]
    }

    private static func isRefused(_ name: [UInt8]) -> Bool {
        decoded(name: name).allSatisfy { decoded in
            guard case .message(let request) = decoded, case .refused(let status) = request.method else { return false }
            return request.callID == 9 && status.code == .invalidArgument
        }
    }

    @Test func everyByteIsAllowedOrRefusedOnTheWire() {
        for byte in UInt8.min...UInt8.max {
            let isAllowed = Self.allowed.contains(byte)
            for name in [[byte], [97, byte], [byte, 97], [97, byte, 97]] {
                #expect(Self.isRefused(name) == !isAllowed, "byte \(byte) in \(name)")
            }
        }
    }

    /// protobuf-c's strings end at a NUL: read as a C string this would be the harmless `orders`.
    @Test func anEmbeddedNULIsRefused() {
        #expect(Self.isRefused(Array("orders\0evil".utf8)))
        #expect(Self.isRefused(Array("orders\0".utf8)))
        #expect(Self.isRefused(Array("\0orders".utf8)))
        #expect(Self.isRefused(Array("orders\0".utf8) + [UInt8](repeating: 97, count: 3000)))
    }

    @Test func badUTF8IsRefused() {
        for name: [UInt8] in [[0xff], [0xc0, 0x80], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]] {
            #expect(Self.isRefused(name))
        }
    }

    @Test func emptyAndAbsentAndTooLongAreRefused() {
        #expect(Self.isRefused([]))
        #expect(Self.isRefused([UInt8](repeating: 97, count: 65)))
        #expect(Self.isRefused([UInt8](repeating: 97, count: 4000)))
        #expect(!Self.isRefused([UInt8](repeating: 97, count: 64)))
        for method: UInt64 in [5, 6] {
            let request = decodedRequest(field(method, [])).message
            guard case .refused(let status) = request?.method else {
                Issue.record("a call without a name was not refused: \(String(describing: request))")
                continue
            }
            #expect(status.code == .invalidArgument)
            #expect(status.message.contains("[A-Za-z0-9._-]"))
        }
    }

    @Test func theRefusalSaysWhichNameIsMeant() {
        let messages = Self.decoded(name: [0x2f]).map { decoded in
            if case .refused(let status) = decoded.message?.method { status.message } else { "" }
        }
        #expect(messages[0].contains("sequence"))
        #expect(messages[1].contains("service"))
    }
}
