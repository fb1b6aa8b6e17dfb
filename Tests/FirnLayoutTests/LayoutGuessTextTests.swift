import FirnLayout
import FirnTestSupport
import Testing

/// Guesses from texts whose format is not known.
@Suite struct LayoutGuessTextTests {
    private let now = try! UTCTime(parsing: "2026-11-30T11:38:20Z")

    /// Seconds ago, each system's IDs in the form in which it writes them.
    @Test(
        arguments: [
            ("snowflake", .base58Flickr), ("snowflake", .base32Z), ("cosid", .base62), ("tsid", .base32),
            ("atproto-tid", .base32Sortable), ("discord", .hex), ("snowflake", .base36), ("sonyflake", .base36),
        ] as [(String, IDFormat)],
        1...4
    )
    func aSystemAndItsFormatAreFound(_ system: (name: String, format: IDFormat), workers: UInt64) throws {
        let layout = try Layout(parsing: system.name)
        let tick = try #require(layout.tick(atUnixNanoseconds: now.unixNanoseconds - 30_000_000_000))
        // Both begin a tick with any number.
        let isArbitrary = ["cosid", "tsid"].contains(system.name)
        let texts = try (0 as UInt64..<4).map { number in
            let sequence = isArbitrary ? 700 * number + 77 : 0
            return try layout.makeID(time: tick + 100 * number, worker: workers, sequence: sequence)
                .formatted(system.format)
        }
        let readings = LayoutGuess.readings(of: texts, now: now)
        let best = try #require(readings.first)
        #expect(best.format == system.format, "\(readings.map(\.format))")
        #expect(best.guess.candidates.first?.known.name == system.name)
        #expect(best.ids.map { $0.formatted(system.format) } == texts)
        #expect(Set(readings.map(\.format)).count == readings.count)
    }

    @Test func whoseFormatItIsTellsLayoutsApart() throws {
        // Equal to the last bit but for the epoch; one worker, first numbers.
        let id = try Layout.snowflake.makeID(time: 506_000_000_000, worker: 1, sequence: 0)
        let evidence = { (format: IDFormat) throws -> Double in
            let readings = LayoutGuess.readings(of: [id.formatted(format)], now: now)
            let reading = try #require(readings.first { $0.format == format })
            return try #require(reading.guess.candidates.first { $0.known.name == "snowflake" }).evidence
        }
        #expect(try evidence(.base58Flickr) == evidence(.decimal))
        #expect(try evidence(.base58) < evidence(.decimal) - 5)
        let plain = LayoutGuess([id], now: now).candidates.first { $0.known.name == "snowflake" }
        #expect(try plain?.evidence == evidence(.decimal))
    }

    @Test func decimalIDsAreReadAsTheseAlone() {
        let readings = LayoutGuess.readings(of: ["541815603606036480", "-5"], now: now)
        #expect(readings.map(\.format) == [.decimal])
        #expect(readings.first?.ids == [FirnID(rawValue: 541_815_603_606_036_480), FirnID(rawValue: 0 &- 5)])
        #expect(LayoutGuess.note(on: readings) == nil)
        // One text is enough to make them something else.
        #expect(LayoutGuess.readings(of: ["541815603606036480", "a"], now: now).allSatisfy { $0.format != .decimal })
    }

    @Test func aPrefixMakesThemHexadecimal() {
        #expect(LayoutGuess.readings(of: ["0xff", "0Xe"], now: now).map(\.format) == [.hex])
        #expect(LayoutGuess.readings(of: ["0xff", "xe"], now: now).first?.format != .hex)
    }

    @Test func whatIsInNoFormatIsNotRead() {
        #expect(LayoutGuess.readings(of: [], now: now).isEmpty)
        #expect(LayoutGuess.readings(of: ["5!"], now: now).isEmpty)
        #expect(LayoutGuess.readings(of: ["5", "5!"], now: now).isEmpty)
        #expect(LayoutGuess.readings(of: ["0x5", "é"], now: now).isEmpty)
        #expect(LayoutGuess.note(on: []) == nil)
    }

    @Test func theNoteNamesTheFormats() throws {
        let one = LayoutGuess.readings(of: ["0xff"], now: now)
        #expect(
            LayoutGuess.note(on: one)
                == "The IDs are not decimal and were read as hex."
        )
        let id = try Layout.snowflake.makeID(time: 506_000_000_000, worker: 1, sequence: 0)
        let several = LayoutGuess.readings(of: [id.formatted(.base58Flickr)], now: now)
        let note = try #require(LayoutGuess.note(on: several))
        let start = "The IDs are not decimal and were read as base58-flickr as the most plausible; they are IDs in "
        #expect(note.hasPrefix(start), "\(note)")
        #expect(note.contains("base58") && note.hasSuffix(" as well."), "\(note)")
    }

    @Test func manyTextsAreCut() {
        let readings = LayoutGuess.readings(of: Array(repeating: "ff", count: 5000), now: now)
        #expect(readings.allSatisfy { $0.ids.count == LayoutGuess.maximumIDs })
        #expect(readings.contains { $0.format == .hex })
    }
}
