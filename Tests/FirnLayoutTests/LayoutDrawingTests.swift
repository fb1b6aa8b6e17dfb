import FirnLayout
import FirnTestSupport
import Testing

@Suite struct LayoutDrawingTests {
    @Test func sonyflakesPicture() {
        let picture = """
            547205677072712195  ·  sonyflake

              63  62                                   24   23    16   15             0
            ┌───┬─────────────────────────────────────────┬──────────┬──────────────────┐
            │ 0 │ 000011110011000000100001010101000000000 │ 11111111 │ 0000001000000011 │
            └───┴─────────────────────────────────────────┴──────────┴──────────────────┘
              u                    time                     sequence        worker

            unused     bit 63                 0
            time       bits 62–24   32616000000   2025-01-01T00:00:00.000Z
            sequence   bits 23–16           255   of 0–255
            worker     bits 15–0            515   of 0–65535
            """
        #expect(Layout.sonyflake.drawing(of: FirnID(rawValue: 547_205_677_072_712_195)) == picture)
    }

    @Test func anIDOfAnotherLayoutIsSaidToBe() {
        let picture = """
            9223372036854775850  ·  safe53

              63       53   52                                     12   11    8       0
            ┌─────────────┬───────────────────────────────────────────┬─────┬───────────┐
            │ 10000000000 │ 00000000000000000000000000000000000000000 │ 000 │ 000101010 │
            └─────────────┴───────────────────────────────────────────┴─────┴───────────┘
                unused                        time                       w    sequence

            unused     bits 63–53   1024   set, so not of this layout
            time       bits 52–12      0   2025-01-01T00:00:00.000Z
            worker     bits 11–9       0   of 0–7
            sequence   bits 8–0       42   of 0–511
            """
        #expect(Layout.safe53.drawing(of: FirnID(rawValue: 1 << 63 | 42)) == picture)
    }

    @Test func theLongestNameAndTimeHaveLinesOfTheirOwn() throws {
        let layout = try Layout(parsing: "time:62x1999999993ns@2025-01-01T00:00:00.123Z,sequence:1,worker:1")
        let picture = """
            18446744073709551615
            time:62x1999999993ns@2025-01-01T00:00:00.123Z,sequence:1,worker:1

              63                                                           2   1   0
            ┌────────────────────────────────────────────────────────────────┬───┬───┐
            │ 11111111111111111111111111111111111111111111111111111111111111 │ 1 │ 1 │
            └────────────────────────────────────────────────────────────────┴───┴───┘
                                           time                                s   w

            time       bits 63–2   4611686018427387903
                       +292277025628-12-16T16:14:37.131284679Z
            sequence   bit 1                         1   of 0–1
            worker     bit 0                         1   of 0–1
            """
        #expect(layout.drawing(of: FirnID(rawValue: .max)) == picture)
    }

    /// A time that no date is known of is not shown as an earlier one.
    @Test func aTimePastTheLatestInstantIsNoDate() throws {
        let layout = try Layout(parsing: "time:63h@2025-01-01T00:00:00Z")
        let last = layout.decode(FirnID(rawValue: .max >> 1))
        #expect(last.utc?.description == "after +292277026596-12-04T15:30:07Z")
        #expect(layout.lastDay == "after +292277026596-12-04")
        #expect(last.json.text.contains(#""utc":"after +292277026596-12-04T15:30:07Z""#))
        // The last hour that has a date, and the next one.
        let dated = (UInt64(Int64.max) - UInt64(layout.epoch.unixSeconds)) / 3600
        #expect(layout.time(ofTick: dated).description == "+292277026596-12-04T15:00:00.000Z")
        #expect(layout.time(ofTick: dated + 1).description == "after +292277026596-12-04T15:30:07Z")
    }

    @Test func partsConstantsAndReservedNumbersAreNamed() throws {
        let layout = try Layout(
            parsing: "version:2=2,time:39s@0/descending,data-center:5,worker:5,flags:3/random,sequence:10/reserved=1-9"
        )
        let picture = """
            13835058055266230276
            version:2=2,time:39s@1970-01-01T00:00:00Z/descending,data-center:5,worker:5,
            flags:3/random,sequence:10/reserved=1-9

              63   61                                   23   22 18   17 13   12
            ┌────┬─────────────────────────────────────────┬───────┬───────┬─────┐
            │ 10 │ 111111111111111111111111111111111111110 │ 00011 │ 00111 │ 000 │
            └────┴─────────────────────────────────────────┴───────┴───────┴─────┘
              v                     time                       d    worker  flags

              9        0
            ┌────────────┐
            │ 0000000100 │
            └────────────┘
               sequence

            version       bits 63–62     2   constant
            time          bits 61–23     1   1970-01-01T00:00:01.000Z
            data-center   bits 22–18     3   of 0–31
            worker        bits 17–13     7   of 0–31
            flags         bits 12–10     0   random
            sequence      bits 9–0       4   reserved, of 0–1023
            worker        all parts    103   of 0–1023
            """
        let drawing = layout.drawing(
            of: try layout.makeID(of: ["time": 1, "data-center": 3, "worker": 7, "sequence": 4])
        )
        #expect(drawing == picture)
    }

    /// The bits of the boxes, the first above the others.
    @Test(arguments: seeds)
    func everyPictureIsWithin80ColumnsAndShowsEveryBit(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let layout =
            switch seed % 3 {
            case 0: Layout.random(using: &generator)
            case 1: try Layout(parsing: Layout.randomText(using: &generator))
            default: Layout.pinterest
            }
        let id = FirnID(rawValue: generator.next())
        let drawing = layout.drawing(of: id)
        let lines = drawing.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 && $0.last != " " }, "\(drawing)")
        let box = lines.filter { "┌│└".contains($0.first ?? " ") }
        #expect(box.count % 3 == 0 && (layout.fields.count > 4 || box.count == 3), "\(drawing)")
        for start in stride(from: 0, to: box.count, by: 3) {
            #expect(Set(box[start..<start + 3].map(\.count)).count == 1, "\(drawing)")
        }
        let bits = box.filter { $0.first == "│" }.joined().filter { "01".contains($0) }
        #expect(UInt64(bits, radix: 2) == id.rawValue, "\(drawing)")
        #expect(bits.count == 64, "\(drawing)")
        let decoded = layout.decode(id)
        for field in layout.fields {
            let value = try #require(decoded[field.name])
            #expect(lines.contains { $0.hasPrefix(field.name) && $0.contains("\(value)") }, "\(drawing)")
        }
        let heading = lines.prefix { !$0.isEmpty }.map { $0.drop { $0 == " " } }.joined()
        #expect(heading.hasPrefix("\(id)") && heading.hasSuffix(layout.name), "\(drawing)")
    }

    @Test func theLongestTextIsBrokenAtItsFields() throws {
        let names = (0..<15).map { String(repeating: "n", count: 30) + String($0, radix: 36).filled(to: 2) }
        let text = "time:1s@0," + names.map { "\($0):4=15" }.joined(separator: ",")
        let layout = try Layout(parsing: text)
        let drawing = layout.drawing(of: FirnID(rawValue: 0))
        #expect(drawing.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(drawing)")
        #expect(drawing.contains("not 15, so not of this layout"))
    }
}

extension String {
    fileprivate func filled(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
