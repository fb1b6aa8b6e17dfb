import FirnLayout
import FirnTestSupport

extension Layout {
    /// Any layout with time, the narrowest and the widest fields among them.
    static func random(using generator: inout SeededGenerator) -> Layout {
        if Int.random(in: 0..<8, using: &generator) == 0 {
            return presets.filter { $0.mintingObstacle == nil }.randomElement(using: &generator)!
        }
        let total = Bool.random(using: &generator) ? 64 : Int.random(in: 1...64, using: &generator)
        let timeBits = Int.random(in: 1...total, using: &generator)
        let workerBits = Int.random(in: 0...(total - timeBits), using: &generator)
        let ticks: [UInt64] = [
            1, 7, 1000, 250_000, 1_000_000, 3_000_000, 10_000_000, 1_000_000_000, 60_000_000_000,
            Layout.maximumTickNanoseconds,
        ]
        // swift-format-ignore: NeverUseForceTry
        return try! Layout(
            timeBits: timeBits,
            workerBits: workerBits,
            sequenceBits: total - timeBits - workerBits,
            isSequenceAboveWorker: Bool.random(using: &generator),
            tickNanoseconds: ticks.randomElement(using: &generator)!,
            epochUnixMilliseconds: generator.number(upTo: 253_402_300_799_999)
        )
    }

    /// The text of any layout: several parts of the worker, constant and random bits, in any order, with any options.
    static func randomText(using generator: inout SeededGenerator) -> String {
        var left = 64
        func width(upTo maximum: Int) -> Int {
            let width = Int.random(in: 0...min(left, maximum), using: &generator)
            left -= width
            return width
        }
        let timeBits = Int.random(in: 1...50, using: &generator)
        left -= timeBits
        var fields = [randomTime(bits: timeBits, using: &generator)]
        if Bool.random(using: &generator) { fields.append("worker:\(width(upTo: 12))") }
        if Bool.random(using: &generator) { fields.append(randomSequence(bits: width(upTo: 20), using: &generator)) }
        for number in 0..<Int.random(in: 0...12, using: &generator) {
            let length = Int.random(in: 0...28, using: &generator)
            let name = "f\(number)-" + String(repeating: "_", count: length)
            let bits = width(upTo: 9)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: fields.append("\(name):\(bits)")
            case 1: fields.append("\(name):\(bits)=\(generator.number(upTo: 1 << UInt64(bits) - 1))")
            default: fields.append("\(name):\(bits)/random")
            }
        }
        if Bool.random(using: &generator) { fields.shuffle(using: &generator) }
        if Bool.random(using: &generator) { fields.insert("unused:\(width(upTo: 5))", at: 0) }
        return fields.joined(separator: ",")
    }

    private static func randomTime(bits: Int, using generator: inout SeededGenerator) -> String {
        let tick = ["ns", "us", "ms", "s", "min", "h", "x10ms", "x250us", "x24h", "x3ms"].randomElement(
            using: &generator
        )!
        let epoch = ["", "@0", "@1288834974657", "@2025-01-01T00:30:00.007Z"].randomElement(using: &generator)!
        let options = ["", "", "/descending", "/floored", "/floored/descending"].randomElement(using: &generator)!
        return "time:\(bits)\(tick)\(epoch)\(options)"
    }

    private static func randomSequence(bits: Int, using generator: inout SeededGenerator) -> String {
        guard bits > 3 else { return "sequence:\(bits)" }
        let highest = UInt64(1) << UInt64(bits) - 1
        let first = Bool.random(using: &generator) ? generator.number(upTo: 5) : 0
        var reserved: [String] = []
        var lowest = first
        // Never the highest number, so that one is left.
        for _ in 0..<Int.random(in: 0...3, using: &generator) where lowest < highest {
            let start = lowest + generator.number(upTo: highest - 1 - lowest)
            let end = start + generator.number(upTo: highest - 1 - start)
            reserved.append("/reserved=\(start)-\(end)")
            lowest = end + 1
        }
        reserved.shuffle(using: &generator)
        return "sequence:\(bits)\(first == 0 ? "" : "/first=\(first)")\(reserved.joined())"
    }
}
