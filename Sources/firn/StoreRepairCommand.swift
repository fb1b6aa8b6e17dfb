internal import ArgumentParser
internal import FirnLayout
internal import FirnPlaces
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
            time and a minute. Until that time has come no ID is given out.

            Sequences have no time. If the store has any, --skip-values says how many values each leaves out: more than \
            were given since the copy was made; 0 if none were.
            """
    )

    @Option(help: ArgumentHelp("A time in UTC such as 2026-01-01T00:00:00Z, or known.", valueName: "time"))
    var raiseTo: String

    @Option(help: ArgumentHelp("How many values each sequence leaves out.", valueName: "count"))
    var skipValues: UInt64?

    @Option(help: ArgumentHelp("Where this host's daemons remember what they were granted.", valueName: "directory"))
    var stateDir: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            let report = try store.report()
            let now = store.now
            if let problem = report.problems.first {
                throw Refusal(message: "\(problem). Put that right first (firn store check).", exitCode: .dataError)
            }
            if let held = report.workers.first(where: { $0.record.limit > now.tick }) {
                throw Refusal(
                    message: "Worker \(held.number) is held by \(held.record.holder.text) until "
                        + "\(store.layout.time(ofTick: held.record.limit)): stop all daemons on this store first; one that "
                        + "was killed is waited for.",
                    exitCode: .temporaryFailure
                )
            }
            guard let skip = skipValues ?? (report.sequences.isEmpty ? 0 : nil) else {
                throw Refusal(
                    message:
                        "The store has \(report.sequences.count) sequences, which may have given values since it was "
                        + "copied: say by --skip-values how many each is to leave out, 0 if none were given.",
                    exitCode: .usage
                )
            }
            let target = try raiseTo == "known" ? known(store) : given(store)
            guard target <= now.tick || target - now.tick <= store.ticks(milliseconds: 3_660_000) else {
                throw Refusal(
                    message:
                        "\(store.layout.time(ofTick: target)) is more than an hour ahead, and until then nothing could "
                        + "be given out: give a nearer --raise-to, and remove what a daemon with a wrong clock remembers "
                        + "from its state directory.",
                    exitCode: .usage
                )
            }
            let time = store.layout.time(ofTick: target)
            try Confirmation.ask(
                "The store \(store.name) will give out no ID before \(time), and each of its \(report.sequences.count) "
                    + "sequences leaves out \(skip) values. This cannot be taken back.",
                isGiven: yes
            )
            let floor = try FloorRecord(
                limit: StoreInstant(tick: target, unixMilliseconds: time.unixMilliseconds),
                host: OpenStore.operatorHolder.host,
                raisedAtUnixMilliseconds: now.unixMilliseconds
            ).raise(store.store)
            for sequence in report.sequences {
                _ = try SequenceSkip.perform(store.store, name: sequence.name, count: skip)
            }
            var output = StandardOutput()
            let reached = store.layout.time(ofTick: floor.limit.tick)
            try output.write(
                line:
                    "no ID before \(reached) will be given out; \(report.sequences.count) sequences leave out \(skip) values"
            )
            try output.flush()
        }
    }

    private func given(_ store: OpenStore) throws -> UInt64 {
        let time = try UTCTime(argument: raiseTo)
        guard time >= store.layout.epoch else {
            throw Refusal(
                message: "The time \(time) is before the layout's epoch, \(store.layout.epoch).",
                exitCode: .usage
            )
        }
        return try tick(after: time.unixMilliseconds, store)
    }

    /// What the state directory knows of this store, or of another one that was in its place.
    private func known(_ store: OpenStore) throws -> UInt64 {
        let path = stateDir ?? StoreOptions.places.stateDirectory
        let address = Grant.digest(store.name)
        let grants = try StateDirectory(existing: path).grants()
            .filter { $0.storeID == store.record.storeID || $0.address == address }
        let ticks = try grants.map { grant in
            grant.storeID == store.record.storeID
                ? grant.limit.tick : try tick(after: grant.limit.unixMilliseconds, store)
        }
        guard let highest = ticks.max() else {
            throw Refusal(
                message:
                    "Nothing is remembered of the store \(store.name) in \(path): give --state-dir the daemon's, or "
                    + "--raise-to a time.",
                exitCode: .usage
            )
        }
        return highest
    }

    /// The first tick that begins at or after that millisecond.
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
