internal import ArgumentParser
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore

struct StoreCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "See whether the store's records are right; exit 0 when so, 65 when not.",
        discussion: """
            Every record is read: the layout, workers and their limits, which are to lie within the layout and no more than \
            an hour ahead of this host's clock, sequences, and the floor of an earlier repair. What is wrong is told a line \
            each on standard error. Nothing is changed: a store that this user may only read is read.
            """
    )

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try reportingErrors {
            let store = try options.open(forReading: true)
            let report = try store.report()
            for problem in report.problems { StandardError.write(line: "firn: \(problem)") }
            guard report.problems.isEmpty else { throw ExitCode.dataError }
            let now = store.now.tick
            let held = report.workers.count { $0.record.limit > now }
            var parts = [
                "layout \(store.layout.name)",
                "\(counted(report.workers.count, "worker")) with records, \(held) of them held",
                counted(report.sequences.count, "sequence"),
            ]
            if let floor = report.floor {
                let isRepaired = floor.raisedAtUnixMilliseconds > 0
                parts.append("\(isRepaired ? "repaired" : "adopted") up to \(store.time(floor.limit.tick))")
            }
            let reserved = Dictionary(grouping: report.workers.filter(\.record.isReserved), by: \.record.reservedFor!)
            for (purpose, workers) in reserved.sorted(by: { $0.key < $1.key }) {
                parts.append("\(workers.count) workers reserved for \(purpose): \(WorkerSet(workers.map(\.number)))")
            }
            for worker in report.workers where worker.isUsedAhead(now) {
                parts.append(
                    "worker \(worker.number) stays unused until \(store.time(worker.record.freeFrom)), up to which it was "
                        + "used by a daemon whose clock was ahead (daemons with --worker \(worker.number) need another "
                        + "number, or auto)"
                )
            }
            if let place = try (store.store as? SQLiteStore)?.recordedPlace() {
                parts.append("used last as \(place.description)")
            }
            var output = StandardOutput()
            try output.write(line: "the store is good: " + parts.joined(separator: "; "))
            try output.flush()
        }
    }
}
