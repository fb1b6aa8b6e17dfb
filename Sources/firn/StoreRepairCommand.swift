internal import ArgumentParser
internal import FirnConfiguration
internal import FirnFiles
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore

struct StoreRepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Raise a restored store above what was given out before.",
        discussion: """
            For a store that was restored from an older copy, or made anew in the place of one that was lost. Stop all its \
            daemons first: the command refuses while a worker is held.

            --raise-to known takes the highest time that this host's daemons remember of this store (in --state-dir). Where \
            daemons ran on other hosts, the latest of all of them is needed: their refusals name it, or give the present \
            time and a minute. Until that time has come no ID is given out. What a daemon whose clock was more than an hour \
            ahead remembers is not waited for: its worker stays unused up to that time. What is remembered here counts also \
            where a time is given.

            Sequences have no time. If the store has any, or had, --skip-values says how many values each leaves out: at least \
            as many as lie between its next value in the copy (firn sequence list) and the highest that was given. That is \
            more than were given, for daemons take blocks, and what one that died left of them is a gap. 0 if none were \
            given. NAME=COUNT is for one sequence alone, and may be given beside it, as for a sequence with few values left: \
            what is more than a sequence has is refused, and nothing is changed then. A sequence that the copy does not have was made since, or will be: it begins above COUNT, unless \
            it is created with a --start.
            """
    )

    @Option(help: ArgumentHelp("A time in UTC such as 2026-01-01T00:00:00Z, or known.", valueName: "time"))
    var raiseTo: String

    @Option(help: ArgumentHelp("How many values each sequence leaves out; may be repeated.", valueName: "[name=]count"))
    var skipValues: [String] = []

    @Option(help: ArgumentHelp("Where this host's daemons remember what they were granted.", valueName: "directory"))
    var stateDir: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    /// What is to be done, checked against the store and against what this host remembers.
    private struct Plan {
        var report: StoreReport
        /// By the host's clock, when the store was read.
        var now: StoreInstant
        /// The first tick of which IDs may be given out.
        var target: UInt64
        /// The grants of daemons whose clocks were ahead: no floor waits for them.
        var farGrants: [Grant]
        var skips: [(name: String, count: UInt64)]
        /// How many values sequences leave out that the copy does not have.
        var skipOfOthers: UInt64
    }

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            let plan = try plan(store)
            let time = store.time(plan.target)
            try Confirmation.ask(
                "The store \(store.name) will give out no ID before \(time), and of its "
                    + "\(counted(plan.report.sequences.count, "sequence")) \(Self.text(plan.skips)). This cannot be taken back.",
                isGiven: yes
            )
            let floor = try carryOut(plan, store)
            var output = StandardOutput()
            for grant in plan.farGrants {
                try output.write(
                    line:
                        "worker \(grant.worker) stays unused until \(store.time(grant.limit.tick)), up to which a daemon "
                        + "whose clock was ahead was granted it"
                )
            }
            let reached = store.time(floor.limit.tick)
            let skipped = Self.text(plan.skips)
            try output.write(
                line:
                    "no ID before \(reached) will be given out; of \(counted(plan.skips.count, "sequence")) \(skipped)"
            )
            try output.flush()
        }
    }

    /// Changes nothing.
    ///
    /// - Throws: ``Refusal`` while a record is wrong or a worker is held.
    private func plan(_ store: OpenStore) throws -> Plan {
        let report = try store.report()
        let now = store.now
        if let problem = report.problems.first {
            throw Refusal(message: "\(problem). Put that right first (firn store check).", exitCode: .dataError)
        }
        if let held = report.workers.first(where: { $0.record.limit > now.tick }) {
            throw Refusal(
                message: "Worker \(held.number) is held by \(held.record.holder.text) until "
                    + "\(store.time(held.record.limit)): stop all daemons on this store first. If none runs "
                    + "(it was killed, or the copy was made while it ran), run this again after that time.",
                exitCode: .temporaryFailure
            )
        }
        let skipped = try SkippedValues(parsing: skipValues)
        let skips = try skipped.counts(for: report.sequences)
        let grants = try remembered(store)
        let skipOfOthers = try skipped.countForOthers(
            after: report.floor?.skippedValues ?? 0,
            remembered: grants.lazy.compactMap(\.newest).first.map { SequenceRecord.name(ofKey: $0.key) }
        )
        let isFar = { (tick: UInt64) in
            tick > now.tick && tick - now.tick > store.ticks(milliseconds: 3_660_000)
        }
        // The recorded grants count in any case: with a lower floor their time could be given out again.
        let near = grants.map(\.limit.tick).filter { !isFar($0) }.max()
        let target = try raiseTo == "known" ? near ?? now.tick : max(given(store), near ?? 0)
        guard !isFar(target) else {
            throw Refusal(
                message:
                    "\(store.time(target)) is more than an hour ahead, and until then nothing could be given out. If a "
                    + "daemon with a wrong clock was granted that time, run this command with --raise-to known on its "
                    + "host, before any daemon starts: its worker alone stays unused until then. If none was, give a "
                    + "nearer --raise-to.",
                exitCode: .usage
            )
        }
        return Plan(
            report: report,
            now: now,
            target: target,
            farGrants: grants.filter { isFar($0.limit.tick) },
            skips: skips,
            skipOfOthers: skipOfOthers
        )
    }

    /// - Returns: the floor of the store.
    private func carryOut(_ plan: Plan, _ store: OpenStore) throws -> FloorRecord {
        // Written before the floor: once running daemons see the floor, they continue.
        for grant in plan.farGrants {
            try WorkerUse.keep(store.store, grant, by: OpenStore.operatorHolder, at: plan.now)
        }
        for skip in plan.skips { _ = try SequenceSkip.perform(store.store, name: skip.name, count: skip.count) }
        let floor = try FloorRecord(
            limit: StoreInstant(tick: plan.target, unixMilliseconds: store.time(plan.target).unixMilliseconds),
            host: OpenStore.operatorHolder.host,
            raisedAtUnixMilliseconds: plan.now.unixMilliseconds,
            skippedValues: plan.skipOfOthers
        ).raise(store.store)
        // One that rests, or stood still, holds a worker whose window has ended: it counted as stopped.
        let workers = plan.report.workers.map(\.number)
        if let held = try WorkerFence.perform(store.store, workers, by: OpenStore.operatorHolder, at: store.now) {
            throw Refusal(
                message: "The floor was raised, but worker \(held.number) was extended meanwhile by "
                    + "\(held.record.holder.text), which may give out IDs below the floor until "
                    + "\(store.time(held.record.limit)). Stop it, and run this again.",
                exitCode: .temporaryFailure
            )
        }
        // All its daemons are stopped: it no longer counts as a copy of another file.
        try (store.store as? SQLiteStore)?.recordPlace()
        return floor
    }

    /// The numbers of skipped values, as text.
    private static func text(_ skips: [(name: String, count: UInt64)]) -> String {
        let counts = Set(skips.map(\.count))
        if let count = counts.first, counts.count == 1 {
            return "each leaves out \(count) \(count == 1 ? "value" : "values")"
        }
        return skips.isEmpty ? "none leaves out values" : "each leaves out what was said for it"
    }

    private func given(_ store: OpenStore) throws -> UInt64 {
        UTCTime.note(onArgument: raiseTo).map { StandardError.write(line: "firn: \($0)") }
        let time = try UTCTime(argument: raiseTo)
        guard time >= store.layout.epoch else {
            throw Refusal(
                message: "The time \(time) is before the layout's epoch, \(store.layout.epoch).",
                exitCode: .usage
            )
        }
        return try tick(after: time.unixMilliseconds, store)
    }

    /// The grants in the state directory for this store, or for an earlier store in its place, in this store's ticks.
    /// Empty if there is no such directory, unless it was given explicitly.
    private func remembered(_ store: OpenStore) throws -> [Grant] {
        guard stateDir != "none" else {
            guard raiseTo == "known" else { return [] }
            throw Refusal(
                message: "With --state-dir none nothing is remembered on this host: give --raise-to a time.",
                exitCode: .usage
            )
        }
        let path = stateDir ?? StoreOptions.paths.stateDirectory
        var grants: [Grant] = []
        do throws(StoreError) {
            let address = Grant.digest(store.name)
            grants = try StateDirectory(existing: path).grants()
                .filter { $0.storeID == store.record.storeID || $0.address == address }
        } catch {
            if raiseTo == "known" || stateDir != nil { throw error }
        }
        guard !grants.isEmpty || raiseTo != "known" else {
            throw Refusal(
                message:
                    "Nothing is remembered of the store \(store.name) in \(path): give --state-dir the daemon's, or "
                    + "--raise-to a time.",
                exitCode: .usage
            )
        }
        return try grants.map { grant in
            var grant = grant
            if grant.storeID != store.record.storeID, grant.hasWorker {
                grant.limit.tick = try tick(after: grant.limit.unixMilliseconds, store)
            }
            return grant
        }
    }

    /// The first tick that begins at or after this millisecond.
    private func tick(after unixMilliseconds: UInt64, _ store: OpenStore) throws -> UInt64 {
        let nanoseconds = UTCTime(unixMilliseconds: unixMilliseconds).unixNanoseconds
        guard let tick = store.layout.tick(atUnixNanoseconds: nanoseconds), tick <= store.layout.maximumTick else {
            throw Refusal(
                message:
                    "\(UTCTime(unixMilliseconds: unixMilliseconds)) is outside of the layout \(store.layout.name).",
                exitCode: .usage
            )
        }
        return store.layout.unixMilliseconds(ofTick: tick) < unixMilliseconds ? tick + 1 : tick
    }
}
