import FirnConfiguration
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [("500ms", "500ms"), ("30s", "30s"), ("5m", "300s"), ("1h", "3600s"), ("off", "off")])
    func aDurationIsReadWithItsUnit(_ text: String, _ read: String) throws {
        #expect(try DurationText(parsing: text).defaultValueDescription == read)
    }

    @Test func oneWithoutAUnitIsToldSo() {
        let error = #expect(throws: (any Error).self) { try DurationText(parsing: "60") }
        #expect("\(error!)".contains("no unit; write 60s"))
    }

    @Test(arguments: ["", "s", "1.5s", "-1s", "0s", "1d", "five"]) func whatIsNoneIsToldWhatOneIs(_ text: String) {
        let error = #expect(throws: (any Error).self) { try DurationText(parsing: text) }
        #expect("\(error!)".contains("500ms, 30s or 5m"), "\(error!)")
    }
}
