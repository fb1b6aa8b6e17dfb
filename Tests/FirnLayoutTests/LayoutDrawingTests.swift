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
        let layout = try Layout(parsing: "time:62x86399999999999ns@2025-01-01T00:00:00.123Z,sequence:1,worker:1")
        let picture = """
            18446744073709551615
            time:62x86399999999999ns@2025-01-01T00:00:00.123Z,sequence:1,worker:1

              63                                                           2   1   0
            ┌────────────────────────────────────────────────────────────────┬───┬───┐
            │ 11111111111111111111111111111111111111111111111111111111111111 │ 1 │ 1 │
            └────────────────────────────────────────────────────────────────┴───┴───┘
                                           time                                s   w

            time       bits 63–2   4611686018427387903
                       +292277026596-12-04T15:30:07.999999999Z
            sequence   bit 1                         1   of 0–1
            worker     bit 0                         1   of 0–1
            """
        #expect(layout.drawing(of: FirnID(rawValue: .max)) == picture)
    }

    @Test(arguments: seeds)
    func everyPictureIsWithin80ColumnsAndShowsEveryBit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let layout = Bool.random(using: &generator) ? Layout.random(using: &generator) : .pinterest
        let id = FirnID(rawValue: generator.next())
        let drawing = layout.drawing(of: id)
        let lines = drawing.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 && $0.last != " " }, "\(drawing)")
        let box = lines.filter { "┌│└".contains($0.first ?? " ") }
        #expect(box.count == 3 && Set(box.map(\.count)).count == 1, "\(drawing)")
        let bits = box.dropFirst().first.map { $0.filter { "01".contains($0) } }
        #expect(bits.flatMap { UInt64($0, radix: 2) } == id.rawValue, "\(drawing)")
        #expect(bits?.count == 64, "\(drawing)")
        for entry in layout.decode(id).values {
            #expect(lines.contains { $0.hasPrefix(entry.field.kind.rawValue) && $0.contains("\(entry.value)") })
        }
        #expect(drawing.contains(layout.name) && drawing.hasPrefix("\(id)"))
    }
}
