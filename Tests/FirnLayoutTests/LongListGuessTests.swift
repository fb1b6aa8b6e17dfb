import FirnTestSupport
import Testing

@testable import FirnLayout

/// Lists of any length are of the system that made them.
@Suite struct LongListGuessTests {
    private static let now = try! UTCTime(parsing: "2026-11-30T11:38:20Z")

    /// What else may come first, as docs/DECODING.md says: another epoch by hours, or the same fields in another order, which
    /// a few IDs with low numbers do not show.
    private static let twins: [String: Set<String>] = [
        "shardingsphere-utc8": ["shardingsphere"], "yitter-csharp": ["yitter"], "pgedge-1.1": ["pgedge"],
        "sonyflake": ["sonyflake-turbo"], "sonyflake-turbo": ["sonyflake"],
    ]

    private static let timed = KnownLayout.all.filter { $0.layout.hasTime }

    /// How many seconds a list covers.
    private static let spans: [Double] = [10, 21_600, 5_184_000]

    /// Different IDs of two workers, in their order, with numbers as the system gives them; the last is a second old.
    private static func list(of known: KnownLayout, count: Int, over span: Double, seed: UInt64) throws -> [FirnID] {
        let layout = known.layout
        var generator = SeededGenerator(seed: seed)
        // Baidu's default has ended.
        let present = layout.tick(atUnixNanoseconds: now.unixNanoseconds - 1_000_000_000)
        let latest = min(present ?? .max, layout.maximumTick)
        let ticks = UInt64(span * 1e9 / Double(layout.tickNanoseconds))
        let small = min(20, layout.maximumWorker)
        let workers = (0..<2).map { _ in UInt64.random(in: 0...small, using: &generator) }
        let ages = (1..<max(2, count)).map { _ in UInt64.random(in: 0...max(1, ticks), using: &generator) }
        var next: [UInt64: (tick: UInt64, sequence: UInt64)] = [:]
        let ids: [FirnID] = try (ages + [0]).suffix(count).sorted(by: >).map { age in
            let (tick, worker) = (latest - age, workers.randomElement(using: &generator)!)
            let before = next[worker]
            let maximum = BitField.maximum(ofWidth: layout.sequenceBits)
            var sequence =
                switch known.habits.sequences {
                case .counted: layout.firstSequence
                case .arbitrary: UInt64.random(in: 0...maximum, using: &generator)
                case .carriedOn(let end): ((before?.sequence ?? 0) + 1) % end
                }
            if let before, before.tick == tick, known.habits.sequences != .arbitrary {
                sequence = (before.sequence + 1) & maximum
            }
            next[worker] = (tick, sequence)
            var values: [String: UInt64] = [:]
            for field in layout.fields where field.kind == .random {
                values[field.name] = .random(in: 0...BitField.maximum(ofWidth: field.width), using: &generator)
            }
            guard !values.isEmpty else {
                return try layout.makeID(time: tick, worker: worker, sequence: maximum == 0 ? 0 : sequence)
            }
            values["time"] = tick
            values["sequence"] = sequence
            return try layout.makeID(of: values, worker: worker)
        }
        return ids
    }

    /// Orders in which a list may be: that of the times, by number, and none.
    enum Order: CaseIterable {
        case time, number, none

        func list(_ ids: [FirnID]) -> [FirnID] {
            var generator = SeededGenerator(seed: 11)
            return switch self {
            case .time: ids
            case .number: ids.sorted()
            case .none: ids.shuffled(using: &generator)
            }
        }
    }

    @Test(arguments: timed, Order.allCases)
    func aLongListIsOfTheSystemThatMadeIt(_ known: KnownLayout, order: Order) throws {
        for span in Self.spans {
            // Of a thousand in no order some are named wrong: docs/DECODING.md.
            for count in order == .none ? [10, 100] : [1, 10, 100, 1000] {
                let ids = order.list(try Self.list(of: known, count: count, over: span, seed: 7))
                let guess = LayoutGuess(ids, now: Self.now)
                let names = guess.candidates.prefix(3).map { "\($0.known.name) \($0.evidence.rounded())" }
                let first = try #require(guess.candidates.first?.known)
                let isRight =
                    first == known
                    || Self.twins[known.name, default: []].contains(first.name)
                        && (count < 1000 || known.name.hasSuffix("utc8") || known.name == "yitter-csharp")
                #expect(isRight, "\(count) over \(span) s: \(names)")
            }
        }
    }

    /// Of lists that differ in nothing but their seed, hardly one is named wrong.
    @Test func hardlyAListIsNamedWrong() throws {
        var (wrong, all) = ([String](), 0)
        for known in Self.timed {
            for (seed, span) in zip(21..., Self.spans) {
                for order in Order.allCases {
                    let ids = order.list(try Self.list(of: known, count: 30, over: span, seed: UInt64(seed)))
                    let first = try #require(LayoutGuess(ids, now: Self.now).candidates.first?.known.name)
                    all += 1
                    if first != known.name, !Self.twins[known.name, default: []].contains(first) {
                        wrong.append("\(known.name) over \(span) s: \(first)")
                    }
                }
            }
        }
        #expect(wrong.count * 100 <= all, "\(wrong)")
    }

    /// An ID that is there many times tells what it tells once.
    @Test(arguments: timed)
    func aRepeatedIDCountsOnce(_ known: KnownLayout) throws {
        let id = try Self.list(of: known, count: 1, over: 3600, seed: 5)[0]
        let one = LayoutGuess([id], now: Self.now).candidates.map(\.known)
        for count in [5, 1000] {
            #expect(LayoutGuess(Array(repeating: id, count: count), now: Self.now).candidates.map(\.known) == one)
        }
    }

    /// IDs that Discord's documentation and others publish.
    @Test(arguments: [80_351_110_224_678_912, 175_928_847_299_117_063] as [UInt64])
    func aPublishedIDOfDiscordIsNamedRight(_ number: UInt64) {
        let names = LayoutGuess([FirnID(rawValue: number)], now: Self.now).candidates.prefix(3)
            .map { "\($0.known.name) \($0.evidence.rounded())" }
        #expect(names.first?.hasPrefix("discord ") == true, "\(names)")
    }
}
