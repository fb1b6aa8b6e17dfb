/// Makes the plan of a run that went wrong smaller, as long as it goes wrong: fewer faults, fewer that take part, less time.
struct Shrinker {
    private(set) var plan: Plan
    private var tries = 0
    static let maximumTries = 400

    init(_ plan: Plan) { self.plan = plan }

    mutating func shrink() {
        endAtViolation()
        dropFaults()
        for index in 0..<plan.places where !plan.leftOut.contains(index) {
            var smaller = plan
            smaller.leftOut.insert(index)
            accept(smaller)
        }
        dropFaults()
        endAtViolation()
    }

    private mutating func dropFaults() {
        var size = max(1, plan.faults.count / 2)
        while true {
            var start = 0
            while start < plan.faults.count {
                var smaller = plan
                smaller.faults.removeSubrange(start..<min(start + size, plan.faults.count))
                if !accept(smaller) { start += size }
            }
            guard size > 1 else { return }
            size /= 2
        }
    }

    /// Nothing after the violation matters.
    private mutating func endAtViolation() {
        let simulation = Simulation(plan)
        _ = simulation.run()
        let end = simulation.world.now
        guard end < plan.duration else { return }
        var smaller = plan
        smaller.faults.removeAll { $0.time > end }
        accept(smaller)
    }

    @discardableResult
    private mutating func accept(_ smaller: Plan) -> Bool {
        guard tries < Self.maximumTries else { return false }
        tries += 1
        guard !Simulation(smaller).run().violations.isEmpty else { return false }
        plan = smaller
        return true
    }
}
