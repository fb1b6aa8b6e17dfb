import FirnLayout
import FirnTestSupport

extension Layout {
    /// A layout of these widths that counts milliseconds from 1970.
    static func of(
        time: Int = 41,
        worker: Int = 10,
        sequence: Int,
        isSequenceAboveWorker: Bool = false,
        tickNanoseconds: UInt64 = 1_000_000,
        epochUnixMilliseconds: UInt64 = 0
    ) -> Layout {
        try! Layout(
            timeBits: time,
            workerBits: worker,
            sequenceBits: sequence,
            isSequenceAboveWorker: isSequenceAboveWorker,
            tickNanoseconds: tickNanoseconds,
            epochUnixMilliseconds: epochUnixMilliseconds
        )
    }

    /// Any layout with time, the narrowest and the widest fields among them.
    static func random(using generator: inout SeededGenerator) -> Layout {
        if generator.oneIn(8) { return presets.filter { $0.mintingObstacle == nil }.randomElement(using: &generator)! }
        let total = Bool.random(using: &generator) ? 64 : Int.random(in: 1...64, using: &generator)
        let time = Int.random(in: generator.oneIn(8) ? 1...total : min(8, total)...total, using: &generator)
        // Short sequences most of the time: they are where ticks fill up.
        let most = min(total - time, generator.oneIn(4) ? 64 : 6)
        let sequence = Int.random(in: 0...most, using: &generator)
        if generator.oneIn(4), time > 4, total - time - sequence > 4 { return withConstants(time, total, sequence) }
        return of(
            time: time,
            worker: total - time - sequence,
            sequence: sequence,
            isSequenceAboveWorker: Bool.random(using: &generator),
            tickNanoseconds: [1, 7, 1_000_000, 10_000_000, 86_400_000_000_000].randomElement(using: &generator)!
        )
    }

    /// Constant bits on top and between the fields, two in all, and a worker of two parts.
    private static func withConstants(_ time: Int, _ total: Int, _ sequence: Int) -> Layout {
        let worker = total - time - sequence
        return try! Layout(
            parsing: "top:1=1,time:\(time - 2)ms@0,a:2,b:\(worker - 2),middle:1=1,sequence:\(sequence)"
        )
    }

    /// The tick in an ID.
    func tick(of id: FirnID) -> UInt64 {
        position(of: id) >> UInt64(sequenceBits)
    }
}
