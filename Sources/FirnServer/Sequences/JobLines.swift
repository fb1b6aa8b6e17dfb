/// The jobs that wait for the store's thread, in three lines, each in the order in which its jobs came.
///
/// Extensions and releases of leases go first: a lease that is not extended in time is lost, and a release makes room. Nothing
/// starves: after ``maximumInRow`` of them one other job has its turn, and those alternate between new leases and the rest. So
/// an extension waits for those before it, and for one other job for each ``maximumInRow`` of them.
///
/// Each line has a limit of its own, so that none can fill the thread's queue for the others.
struct JobLines<Job> {
    enum Line: Int, CaseIterable {
        /// Extensions and releases of leases.
        case heldLeases
        /// Creations and lists of sequences, and calls of daemons that have this one for their store.
        case others
        case newLeases
    }

    private struct Waiting {
        var jobs: [Job] = []
        /// How many callers wait: more than there are jobs, while one is performed.
        var callers = 0
    }

    private var lines = [Waiting](repeating: Waiting(), count: Line.allCases.count)
    /// How many of the first line were taken since another job was.
    private var inRow = 0
    private var areNewLeasesNext = false

    /// How many extensions and releases are performed in a row while others wait. Most of the thread's time stays theirs.
    static var maximumInRow: Int { 8 }

    /// How many callers may wait in a line. A new lease takes some milliseconds on a disk and its caller can ask again; so
    /// many are served within a second.
    static func maximumCallers(in line: Line) -> Int {
        switch line {
        case .heldLeases, .others: 1024
        case .newLeases: 64
        }
    }

    var isEmpty: Bool { lines.allSatisfy(\.jobs.isEmpty) }

    /// Counts one more caller in a line.
    ///
    /// - Returns: false when as many as may wait there.
    mutating func admit(to line: Line) -> Bool {
        guard lines[line.rawValue].callers < Self.maximumCallers(in: line) else { return false }
        lines[line.rawValue].callers += 1
        return true
    }

    /// A caller that was admitted has its answer.
    mutating func answered(in line: Line) {
        precondition(lines[line.rawValue].callers > 0, "a caller is answered once")
        lines[line.rawValue].callers -= 1
    }

    mutating func append(_ job: Job, to line: Line) {
        lines[line.rawValue].jobs.append(job)
    }

    /// The next job, with the line that it waited in.
    mutating func take() -> (job: Job, line: Line)? {
        guard let line = next else { return nil }
        if line == .heldLeases {
            inRow += 1
        } else {
            inRow = 0
            areNewLeasesNext = line == .others
        }
        return (lines[line.rawValue].jobs.removeFirst(), line)
    }

    private var next: Line? {
        func waits(_ line: Line) -> Bool { !lines[line.rawValue].jobs.isEmpty }
        let order: [Line] = areNewLeasesNext ? [.newLeases, .others] : [.others, .newLeases]
        let other = order.first(where: waits)
        guard waits(.heldLeases), inRow < Self.maximumInRow || other == nil else { return other }
        return .heldLeases
    }
}
