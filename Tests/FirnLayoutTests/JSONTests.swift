import FirnLayout
import Foundation
import Testing

@Suite struct JSONTests {
    @Test func writesEveryKindOfValueWithoutSpaces() {
        let value = JSON.object([
            ("id", .string("168514248039727104")), ("count", .number(.max)), ("fits", .boolean(true)),
            ("more", .boolean(false)), ("next", .null), ("ids", .array([.string("1"), .number(2), .array([])])),
            ("empty", .object([])),
        ])
        let text =
            #"{"id":"168514248039727104","count":18446744073709551615,"fits":true,"more":false,"next":null,"#
            + #""ids":["1",2,[]],"empty":{}}"#
        #expect(value.text == text)
        var line = "> "
        value.write(to: &line)
        #expect(line == "> " + text)
    }

    @Test func escapesWhatMayNotStandInAString() {
        #expect(JSON.quoted("a\"b\\c\nd\re\tf\u{1}g\u{7F}") == #""a\"b\\c\nd\re\tf\u0001g\u007f""#)
        #expect(JSON.string("é漢🎿").text == "\"é漢🎿\"")
        #expect(JSON.object([("a\"b", .null)]).text == #"{"a\"b":null}"#)
    }

    /// Another's parser reads back every scalar below U+0300, and some above, alone and together.
    @Test func isReadBackAsItWas() throws {
        let scalars = (UInt32(0)..<0x300).compactMap(Unicode.Scalar.init) + ["\u{2028}", "\u{FFFD}", "\u{1F3BF}"]
        let texts = scalars.map { String(Character($0)) } + [String(String.UnicodeScalarView(scalars)), ""]
        let json = JSON.array(texts.map { .string($0) }).text
        let read = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String])
        #expect(read.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
    }

    @Test func aFieldIsANumberOnlyWhereJavaScriptIsExact() {
        #expect(JSON.field(7, width: 53).text == "7")
        #expect(JSON.field(7, width: 54).text == "\"7\"")
    }

    @Test func aDecodedIDHasItsFieldsAndItsTime() {
        let decoded = Layout.snowflake.decode(FirnID(rawValue: 1_116_766_490_855_473_152))
        #expect(
            decoded.json.text
                == #"{"id":"1116766490855473152","layout":"snowflake","unused":0,"time":266257879938,"worker":0,"#
                + #""sequence":0,"utc":"2019-04-12T18:14:14.595Z","fits":true}"#
        )
    }
}
