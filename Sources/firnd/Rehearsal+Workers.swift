internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Logging

/// Whether a start would find a worker.
extension Rehearsal {
    /// Claims a worker in the copy of the store's records, as a start does in the store.
    ///
    /// - Returns: notes, because a start waits for a worker, and is not refused.
    static func workerNotes(
        _ records: any Store,
        _ configuration: Configuration,
        _ journal: GrantJournal,
        _ clock: TickClock
    ) throws(StoreError) -> [String] {
        let layout = configuration.layout
        let claims = Daemon.makeClaims(
            configuration,
            store: records,
            journal: journal,
            clock: clock,
            findings: WorkerFindings()
        )
        let tick = clock.now().tick
        let now = StoreInstant(tick: tick, unixMilliseconds: layout.unixMilliseconds(ofTick: tick))
        var notes: [String] = []
        let taken = try claims.countTaken(at: now)
        let free = claims.workerCount - min(taken.count, claims.workerCount)
        if taken.count > 0 {
            let isOrAre = free == 1 ? "is" : "are"
            notes.append("of the store's \(claims.workerCount) workers \(free) \(isOrAre) free now: \(taken.text)")
        }
        let rule: ClaimRule
        switch configuration.rule {
        case .auto: rule = .any(excluding: [])
        case .fixed(let worker): rule = .fixed(worker)
        }
        var random = SystemRandomNumberGenerator()
        if let status = WindowStatus(refused: try claims.claim(rule, at: now, using: &random)) {
            let reporter = WindowReporter(
                layout: layout,
                claims: claims,
                availability: Availability(),
                logger: Logger(label: "firnd") { _ in SwiftLogNoOpLogHandler() }
            )
            notes.append("a daemon that is started now gives out no IDs at first: \(reporter.reason(status) ?? "")")
        } else if free < configuration.workers {
            notes.append("--workers is \(configuration.workers): a daemon that is started now waits for the others")
        }
        return notes
    }
}
