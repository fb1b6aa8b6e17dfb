import FirnLayout
import Foundation
import Testing

/// A text that a package or service produced, with its right reading, as Vectors/cases.tsv has it.
struct Case: CustomTestStringConvertible {
    let source: String
    let text: String
    let decimal: UInt64
    /// Empty where the row tells the reading in words.
    let utc: String
    let worker: UInt64?
    let sequence: UInt64?

    var testDescription: String { "\(source): \(text)" }

    static let all: [Case] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Vectors/cases.tsv")
        let text = try! String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Case(
                source: columns[0],
                text: columns[1],
                decimal: UInt64(columns[3])!,
                utc: columns[5].hasSuffix("Z") ? columns[5] : "",
                worker: UInt64(columns[6]),
                sequence: UInt64(columns[7])
            )
        }
    }()

    static func of(_ source: String) throws -> Case {
        try #require(all.first { $0.source.hasPrefix(source) }, "\(source)")
    }
}

/// The rows whose text is decimal; the texts in other forms are read in the tests of the forms.
@Suite struct CaseTests {
    @Test func thereAreEightCases() {
        #expect(Case.all.count == 8)
    }

    @Test(arguments: [
        ("sonyflake-turbo 1.0.1", "sonyflake-turbo"), ("Mastodon", "mastodon"), ("snowflake-id 1.0.2", "unix"),
        ("Twitter", "snowflake"),
    ])
    func aPresetReadsIt(source: String, preset: String) throws {
        let row = try Case.of(source)
        let layout = try Layout(parsing: preset)
        let decoded = layout.decode(try FirnID(parsing: row.text))
        #expect(decoded.id.rawValue == row.decimal)
        #expect(decoded.utc?.description == row.utc)
        #expect(decoded.worker == row.worker)
        #expect(decoded.sequence == row.sequence)
        #expect(decoded.fitsLayout)
        let guess = LayoutGuess([decoded.id], now: try UTCTime(parsing: "2026-11-28T12:00:00Z"))
        // Of one ID of sonyflake-turbo the other order is as plausible; see LayoutGuessTests.
        let first = guess.candidates.prefix(preset == "sonyflake-turbo" ? 2 : 1)
        #expect(first.map(\.known.layout).contains(layout))
    }

    /// Go's Sonyflake with a unit of an hour and a start at half past: it counts whole hours.
    @Test func sonyflakeCountsFromItsStartsOwnHour() throws {
        let row = try Case.of("sony/sonyflake v2")
        let id = try FirnID(parsing: row.text)
        let floored = try Layout(parsing: "time:39x3600s@2025-01-01T00:30:00Z/floored,sequence:8,worker:16")
        #expect(floored.decode(id).utc?.description == "2026-11-28T11:00:00.000Z")
        let exact = try Layout(parsing: "time:39x3600s@2025-01-01T00:30:00Z,sequence:8,worker:16")
        #expect(exact.decode(id).utc?.description == "2026-11-28T11:30:00.000Z")
    }

    /// An ID of the second half of a layout's life, as an unsigned number.
    @Test func theUpperHalfHasItsTime() throws {
        let row = try Case.of("a signed")
        #expect(FirnID(rawValue: row.decimal).rawValue == UInt64(bitPattern: Int64(row.text)!))
        for layout in [Layout.discord, .instagram] {
            let time = try #require(layout.decode(FirnID(rawValue: row.decimal)).time)
            #expect(time > layout.maximumTick / 2)
        }
    }
}
