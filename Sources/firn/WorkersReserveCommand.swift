internal import ArgumentParser
internal import FirnLayout
internal import FirnStore
internal import FirnWire

struct WorkersReserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve",
        abstract: "Keep workers from all daemons of the store, for a system that makes IDs with them.",
        discussion: """
            No daemon claims or leases a reserved worker until it is unreserved, whichever version of Firn it is, and whether \
            it has --exclude-workers or not. 'firn workers' shows such workers in the state "reserved", with what they are for \
            in the column "lessee".

            Each worker is reserved by itself: what could be is told, and a worker that a daemon holds is refused with its \
            holder (exit 75). Stop that daemon, or wait until it has given the worker back, and run the command again; what is \
            reserved already stays so. Whether a daemon still holds it is judged by this host's clock, which must not be ahead of \
            the daemons'. A store that is restored to an earlier state lacks what was reserved since.

            EXAMPLE:
              firn workers reserve 0-31 --for legacy --store etcd:10.0.0.9:2379
            """
    )

    @Argument(help: "The workers, such as 0-31,77; at most \(ReservableWorkers.maximumCount).")
    var workers: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("What they are for: 1 to 64 of A-Z a-z 0-9 . _ -", valueName: "name")
    )
    var purpose: String

    @OptionGroup var options: StoreOptions

    func validate() throws {
        guard Name(purpose) != nil else {
            throw ValidationError("--for is '\(purpose)'; give 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        _ = try ReservableWorkers.parse(workers)
    }

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            let wanted = try ReservableWorkers.checked(workers, store)
            let now = store.now
            guard now.tick <= store.layout.maximumTick else {
                throw Refusal(
                    message: "The time of the layout \(store.layout.name) has ended.",
                    exitCode: .configuration
                )
            }
            let reservation = WorkerReservation(
                reservingFor: purpose,
                endTick: store.layout.maximumTick + 1,
                by: OpenStore.operatorHolder,
                at: now
            )
            let outcomes = ReservationOutcomes(wanted, reservation.perform(store.store, wanted))
            var lines: [String] = []
            if !outcomes.done.isEmpty { lines.append("reserved for \(purpose): \(outcomes.done)") }
            if !outcomes.unneeded.isEmpty { lines.append("reserved for \(purpose) before: \(outcomes.unneeded)") }
            if let (workers, lastTick) = outcomes.usedBefore {
                lines.append(
                    "of these, daemons may have used \(workers), up to \(store.time(lastTick)) at the latest: IDs that \(purpose) made "
                        + "with the same workers until then may be equal to theirs"
                )
            }
            if let (workers, tick) = outcomes.givenBefore {
                lines.append(
                    "of these, no daemon has used \(workers) since \(store.time(tick)), when the last of them was unreserved or "
                        + "released; whether one did before is not recorded"
                )
            }
            try outcomes.report(lines) { worker, record in
                if let other = record.reservedFor {
                    return "worker \(worker) is reserved for \(other): unreserve it first"
                }
                return record.limit > now.tick
                    ? "worker \(worker) is held by \(record.holder.text) until \(store.time(record.limit)): stop that daemon, "
                        + "or have it take another worker (--exclude-workers)"
                    : "worker \(worker) was used up to \(store.time(record.freeFrom)) by a daemon whose clock was ahead"
            }
        }
    }
}

/// Workers as an argument.
enum ReservableWorkers {
    /// More are better excluded by `--exclude-workers`, which needs no record for each.
    static let maximumCount: UInt64 = 65_536

    /// - Throws: `ValidationError`.
    static func parse(_ text: String) throws -> WorkerSet {
        let workers: WorkerSet
        do throws(WorkerSet.ParsingError) {
            workers = try WorkerSet(parsing: text)
        } catch {
            throw ValidationError("The workers \(error).")
        }
        guard workers.count <= maximumCount else {
            throw ValidationError(
                "The workers \(workers) are \(workers.count), and \(maximumCount) is the most: give the daemons "
                    + "--exclude-workers."
            )
        }
        return workers
    }

    /// - Throws: ``Refusal`` for workers that the store's layout has not.
    static func checked(_ text: String, _ store: OpenStore) throws -> [UInt32] {
        let workers = try parse(text)
        if let last = workers.last, UInt64(last) > store.layout.maximumWorker {
            throw Refusal(
                message: "The worker \(last) is past the last of the layout \(store.layout.name), "
                    + "\(store.layout.maximumWorker).",
                exitCode: .usage
            )
        }
        return Array(workers.workers)
    }
}

/// What became of the workers of one command.
struct ReservationOutcomes {
    private(set) var done = WorkerSet()
    private(set) var unneeded = WorkerSet()
    /// Those of ``done`` that daemons may have used before, and the first tick after that.
    private(set) var usedBefore: (workers: WorkerSet, lastTick: UInt64)?
    /// Those of ``done`` that an operator gave to the daemons, and no daemon has claimed since; and the tick of the last.
    private(set) var givenBefore: (workers: WorkerSet, lastTick: UInt64)?
    private var refused: [(worker: UInt32, record: WorkerRecord)] = []
    private var failed = WorkerSet()
    private var error: StoreError?

    /// More refused workers are only counted.
    private static let maximumMessages = 20

    init(_ workers: [UInt32], _ outcomes: [WorkerReservation.Outcome]) {
        var done: [UInt32] = []
        var unneeded: [UInt32] = []
        var (used, given): ([UInt32], [UInt32]) = ([], [])
        var failed: [UInt32] = []
        var (lastUsed, lastGiven): (UInt64, UInt64) = (0, 0)
        for (worker, outcome) in zip(workers, outcomes) {
            switch outcome {
            case .done(let before):
                done.append(worker)
                guard let before, before.freeFrom > 0, !before.isReserved else { continue }
                if before.holder.isOperator {
                    given.append(worker)
                    lastGiven = max(lastGiven, before.freeFrom)
                } else {
                    used.append(worker)
                    lastUsed = max(lastUsed, before.freeFrom)
                }
            case .unneeded:
                unneeded.append(worker)
            case .refused(let record):
                refused.append((worker, record))
            case .failed(let error):
                failed.append(worker)
                self.error = self.error ?? error
            }
        }
        (self.done, self.unneeded, self.failed) = (WorkerSet(done), WorkerSet(unneeded), WorkerSet(failed))
        if !used.isEmpty { usedBefore = (WorkerSet(used), lastUsed) }
        if !given.isEmpty { givenBefore = (WorkerSet(given), lastGiven) }
    }

    /// Writes the lines, and what was refused on standard error.
    ///
    /// - Throws: ``Refusal`` or `StoreError` unless all was done.
    func report(_ lines: [String], _ reason: (UInt32, WorkerRecord) -> String) throws {
        var output = StandardOutput()
        for line in lines { try output.write(line: line) }
        try output.flush()
        for (worker, record) in refused.prefix(Self.maximumMessages) {
            StandardError.write(line: "firn: \(reason(worker, record))")
        }
        if let error {
            StandardError.write(line: "firn: it is not known whether it was done for \(failed): run the command again")
            throw error
        }
        guard refused.isEmpty else {
            throw Refusal(
                message: "refused: \(WorkerSet(refused.map(\.worker))). Run the command again for these.",
                exitCode: .temporaryFailure
            )
        }
    }
}
