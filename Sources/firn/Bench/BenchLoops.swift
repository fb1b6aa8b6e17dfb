internal import FirnClient
internal import NIOCore

/// All threads of `firn bench`.
struct BenchLoops: Sendable {
    private let plan: BenchPlan
    private let loops: [(eventLoop: any EventLoop, loop: NIOLoopBound<BenchLoop>)]

    init(_ plan: BenchPlan, _ group: any EventLoopGroup) async throws {
        self.plan = plan
        var loops: [(any EventLoop, NIOLoopBound<BenchLoop>)] = []
        for (thread, eventLoop) in group.makeIterator().enumerated() {
            let loop = try await eventLoop.submit {
                NIOLoopBound(BenchLoop(plan: plan, thread: thread, eventLoop: eventLoop), eventLoop: eventLoop)
            }.get()
            loops.append((eventLoop, loop))
        }
        self.loops = loops
    }

    /// - Throws: ``FirnClientError`` when one of the connections cannot be made.
    func connect() async throws {
        for (eventLoop, loop) in loops { try await eventLoop.flatSubmit { loop.value.connect() }.get() }
    }

    /// Makes calls for as long as is planned, or until the user interrupts.
    func run(showing progress: BenchProgress) async throws {
        let start = NIODeadline.now()
        let ends = loops.map { eventLoop, loop in eventLoop.flatSubmit { loop.value.begin(at: start) } }
        var progress = progress
        let begun = ContinuousClock.now
        let end = begun + plan.duration
        while progress.isShown, case let second = begun + .seconds(progress.seconds + 1), second < end {
            try await Interruption.sleep(until: second)
            guard !Interruption.isRequested else { break }
            let counts = try await counts()
            progress.show(ids: counts.ids, failed: counts.failed)
        }
        try await Interruption.sleep(until: end)
        if Interruption.isRequested {
            for (eventLoop, loop) in loops { try await eventLoop.submit { loop.value.stop() }.get() }
        }
        for end in ends { try await end.get() }
        progress.remove()
    }

    private func counts() async throws -> (ids: UInt64, failed: UInt64) {
        var sums: (ids: UInt64, failed: UInt64) = (0, 0)
        for (eventLoop, loop) in loops {
            let (ids, failed) = try await eventLoop.submit { (loop.value.tally.ids, loop.value.tally.failed) }.get()
            sums = (sums.ids + ids, sums.failed + failed)
        }
        return sums
    }

    /// What came of all calls, once they have ended; and how long they took together.
    func tally() async throws -> (tally: BenchTally, seconds: Double) {
        var sum = BenchTally()
        var end: Int64 = 0
        for (eventLoop, loop) in loops {
            let (tally, its) = try await eventLoop.submit { (loop.value.tally, loop.value.end) }.get()
            sum.add(tally)
            end = max(end, its)
        }
        return (sum, Double(max(sum.lastAnswer, end)) / 1e9)
    }
}

/// The line that a terminal shows while `firn bench` runs, once per second.
struct BenchProgress {
    /// The planned duration, as it is written.
    let planned: String
    private(set) var seconds = 0
    private var ids: UInt64 = 0

    init(planned: String) {
        self.planned = planned
    }

    var isShown: Bool { Terminal.hasErrorsOnTerminal }

    mutating func show(ids: UInt64, failed: UInt64) {
        StandardError.write(ProgressLine.erasure + text(ids: ids, failed: failed))
    }

    /// A second has passed.
    mutating func text(ids: UInt64, failed: UInt64) -> String {
        defer { self.ids = ids }
        seconds += 1
        let failures = failed == 0 ? "" : ", \(grouped(failed)) calls failed"
        return "\(seconds)s of \(planned): \(grouped(ids - self.ids)) IDs per second\(failures)"
    }

    func remove() {
        if seconds > 0 { StandardError.write(ProgressLine.erasure) }
    }
}
