import Testing

@testable import FirnServer

/// In which order the store's thread takes jobs, without a thread.
@Suite struct JobLinesTests {
    typealias Lines = JobLines<String>

    private static func names(_ lines: inout Lines, _ count: Int = .max) -> [String] {
        var names: [String] = []
        while names.count < count, let taken = lines.take() { names.append(taken.job) }
        return names
    }

    @Test func heldLeasesGoFirst() {
        var lines = Lines()
        for job in ["n1", "n2"] { lines.append(job, to: .newLeases) }
        for job in ["o1", "o2"] { lines.append(job, to: .others) }
        for job in ["h1", "h2"] { lines.append(job, to: .heldLeases) }
        #expect(Self.names(&lines) == ["h1", "h2", "o1", "n1", "o2", "n2"])
        #expect(lines.isEmpty && lines.take() == nil)
    }

    /// However many new leases wait, and however many come.
    @Test func anExtensionWaitsForOneOtherJobAtMost() {
        var lines = Lines()
        for number in 0..<1000 { lines.append("n\(number)", to: .newLeases) }
        for round in 0..<100 {
            lines.append("h", to: .heldLeases)
            let taken = Self.names(&lines, 2)
            #expect(taken[0] == "h", "\(round): \(taken)")
            lines.append("n", to: .newLeases)
        }
    }

    /// However many extensions come.
    @Test func noLineStarves() {
        var lines = Lines()
        lines.append("o", to: .others)
        lines.append("n", to: .newLeases)
        var taken: [String] = []
        for _ in 0..<2 * (Lines.maximumInRow + 1) {
            lines.append("h", to: .heldLeases)
            taken += Self.names(&lines, 1)
        }
        #expect(taken.firstIndex(of: "o") == Lines.maximumInRow)
        #expect(taken.firstIndex(of: "n") == 2 * Lines.maximumInRow + 1)
    }

    @Test func newLeasesAndTheRestTakeTurns() {
        var lines = Lines()
        for number in 0..<3 { lines.append("n\(number)", to: .newLeases) }
        for number in 0..<5 { lines.append("o\(number)", to: .others) }
        #expect(Self.names(&lines) == ["o0", "n0", "o1", "n1", "o2", "n2", "o3", "o4"])
    }

    /// Callers count until they have their answer, and each line has its own number of them.
    @Test func aLineThatIsFullAdmitsNobody() {
        var lines = Lines()
        func admits(_ line: Lines.Line) -> Bool { lines.admit(to: line) }
        for line in Lines.Line.allCases {
            #expect((0..<Lines.maximumCallers(in: line)).allSatisfy { _ in admits(line) })
            #expect(!admits(line))
        }
        _ = lines.take()
        #expect(!admits(.newLeases))
        lines.answered(in: .newLeases)
        #expect(admits(.newLeases))
        #expect(!admits(.newLeases) && !admits(.heldLeases))
        #expect(Lines.maximumCallers(in: .newLeases) < Lines.maximumCallers(in: .heldLeases))
    }
}
