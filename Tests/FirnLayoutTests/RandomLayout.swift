import FirnLayout
import FirnTestSupport

extension Layout {
    /// Any layout with time, the narrowest and the widest fields among them.
    static func random(using generator: inout SeededGenerator) -> Layout {
        if Int.random(in: 0..<8, using: &generator) == 0 {
            return presets.filter(\.hasTime).randomElement(using: &generator)!
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
}
