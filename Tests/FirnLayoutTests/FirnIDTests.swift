import FirnLayout
import Foundation
import Testing

@Suite struct FirnIDTests {
    @Test func idsOrderAsTheirUnsignedBitsDo() {
        #expect(FirnID(rawValue: 1) < FirnID(rawValue: .max))
        #expect(FirnID(rawValue: 1 << 63) > FirnID(rawValue: 1 << 62))
    }

    @Test func anIDDescribesItselfLosslesslyInDecimal() {
        let id = FirnID(rawValue: .max)
        #expect("\(id)" == "18446744073709551615")
        #expect(FirnID("18446744073709551615") == id)
        #expect(FirnID("18446744073709551616") == nil)
        #expect(FirnID("+1") == nil)
        #expect(FirnID("-1") == nil)
        #expect(FirnID("") == nil)
    }

    @Test func jsonHasAString() throws {
        let ids = [FirnID(rawValue: 9_007_199_254_740_993)]
        let json = try JSONEncoder().encode(ids)
        #expect(String(decoding: json, as: UTF8.self) == #"["9007199254740993"]"#)
        #expect(try JSONDecoder().decode([FirnID].self, from: json) == ids)
    }

    @Test(arguments: ["[1]", #"["x"]"#, #"["18446744073709551616"]"#, #"["-1"]"#, "[null]"])
    func jsonOfAnotherKindIsRefused(_ json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([FirnID].self, from: Data(json.utf8)) }
    }
}
