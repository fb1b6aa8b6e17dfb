import FirnLayout
import FirnTestSupport
import Testing

@Suite struct LayoutMintingTests {
    /// A text and why its IDs are not minted; nil where they are.
    static let layouts: [(text: String, obstacle: String?)] = [
        ("snowflake", nil), ("sonyflake", nil), ("time:64ns@0", nil), ("time:48ms@0,sequence:16", nil),
        ("time:41ms@0,datacenter:5,worker:5,sequence:12", nil),
        ("time:41ms@0,sequence:12,datacenter:5,worker:5", nil),
        ("flag:1=1,time:41ms@0,kind:2=3,worker:8,spare:2=0,sequence:10", nil),
        ("time:41ms@0,dc:5,spare:0=0,worker:5,sequence:12", nil),
        ("pinterest", "has no time"),
        ("time:41ms@0/descending,worker:10", "has a time that counts down"),
        ("worker:10,time:41ms@0", "has the field worker above the time"),
        ("flag:1=1,sequence:10,time:41ms@0", "has the field sequence above the time"),
        ("rest:3/random,time:41ms@0", "has the field rest above the time"),
        ("time:41ms@0,worker:10,rest:3/random", "has random bits in the field rest"),
        ("time:41ms@0,dc:5,sequence:12,node:5", "has a worker in separate pieces, dc, node"),
        ("time:41ms@0,dc:5,flag:1=0,node:5,sequence:12", "has a worker in separate pieces, dc, node"),
        ("time:41ms@0,worker:6,sequence:6/first=5", "begins each tick with the sequence number 5"),
        ("time:41ms@0,worker:6,sequence:6/reserved=1-4", "reserves the sequence numbers 1–4"),
        ("time:41ms@0,worker:6,sequence:6/reserved=4", "reserves the sequence number 4, and"),
    ]

    @Test(arguments: layouts)
    func obstaclesAreNamed(text: String, obstacle: String?) throws {
        let layout = try Layout(parsing: text)
        if let obstacle {
            #expect(layout.mintingObstacle?.contains(obstacle) == true, "\(layout.mintingObstacle ?? "none")")
            #expect(layout.maximumPosition == 0)
        } else {
            #expect(layout.mintingObstacle == nil)
            #expect(layout.maximumPosition > 0)
        }
    }

    @Test func positionsOfOtherLayoutsTrap() async {
        await #expect(processExitsWith: .failure) {
            _ = try Layout(parsing: "time:41ms@0/descending,worker:10").makeID(position: 0, worker: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = try Layout(parsing: "time:41ms@0,sequence:6/first=5").position(of: FirnID(rawValue: 5))
        }
        await #expect(processExitsWith: .success) {
            _ = try Layout(parsing: "time:41ms@0,sequence:6/first=0").position(of: FirnID(rawValue: 5))
        }
    }

    /// IDs of one worker rise with its positions, and no two pairs of position and worker have one ID.
    @Test(arguments: seeds)
    func mintedIDsRiseAndDiffer(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var minted = 0
        for _ in 0..<200 where minted < 20 {
            guard let layout = try? Layout(parsing: Layout.randomText(using: &generator)),
                layout.mintingObstacle == nil
            else { continue }
            minted += 1
            let positions = Set((0..<20).map { _ in generator.number(upTo: layout.maximumPosition) }).sorted()
            let workers = Set((0..<5).map { _ in generator.number(upTo: layout.maximumWorker) })
            var all: Set<FirnID> = []
            for worker in workers {
                let ids = positions.map { layout.makeID(position: $0, worker: worker) }
                #expect(zip(ids, ids.dropFirst()).allSatisfy(<), "\(layout)")
                all.formUnion(ids)
            }
            #expect(all.count == positions.count * workers.count, "\(layout)")
        }
        #expect(minted > 0)
    }

    @Test func sonyflakesOrderWithAnEpochOffItsTickIsWarnedOf() throws {
        let hours = try Layout(parsing: "time:39h@2025-01-01T00:30:00Z,sequence:8,worker:16")
        #expect(
            hours.warnings == [
                "The epoch 2025-01-01T00:30:00.000Z of the layout "
                    + "time:39x3600s@2025-01-01T00:30:00Z,sequence:8,worker:16 is no multiple of its tick, 1h: Sonyflake "
                    + "would round it down to 2025-01-01T00:00:00.000Z. For its IDs write /floored after the epoch."
            ]
        )
        for text in [
            "time:39h@2025-01-01T00:30:00Z/floored,sequence:8,worker:16",
            "time:39h@2025-01-01T00:00:00Z,sequence:8,worker:16",
            "time:39h@2025-01-01T00:30:00Z,worker:16,sequence:8", "sonyflake@2025-01-01T00:30:00.007Z", "pinterest",
        ] + Layout.presets.map(\.name) {
            #expect(try Layout(parsing: text).warnings.isEmpty, "\(text)")
        }
    }
}
