internal import ArgumentParser
internal import FirnLayout
internal import FirnStore

struct WorkersReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Take a worker from its holder.",
        discussion: """
            Its holder learns of it when it next extends its window, and stops or claims another worker. Until the window \
            has passed nobody else uses the worker, for the holder may: so nothing is given out twice, whether it lives or \
            not.

            --holder-is-dead is for a record whose limit is far ahead, because the clock of the daemon that holds it was \
            (firn store check names such records). The worker stays unused up to that limit all the same, but daemons \
            start again whose clocks are right, and which the record kept from it. Stop that daemon first: one that has \
            written since the command began is left alone. A fixed worker's daemon needs another --worker, or auto, until \
            then.
            """
    )

    @Argument(help: "The worker's number.")
    var worker: UInt32

    @Flag(help: "Its holder is dead, and its clock was ahead: lower the limit, and keep what was used unused.")
    var holderIsDead = false

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            guard UInt64(worker) <= store.layout.maximumWorker else {
                throw Refusal(
                    message: "The worker \(worker) is past the last of the layout \(store.layout.name), "
                        + "\(store.layout.maximumWorker).",
                    exitCode: .usage
                )
            }
            let key = WorkerRecord.key(worker)
            guard let stored = try store.store.read(key) else {
                return try say("worker \(worker) is free: it was never held")
            }
            let record = try WorkerRecord(key: key, text: stored.value)
            if let purpose = record.reservedFor {
                throw Refusal(
                    message: "Worker \(worker) is reserved for \(purpose), and no daemon holds it: firn workers "
                        + "unreserve \(worker).",
                    exitCode: .usage
                )
            }
            let limit = store.time(record.limit)
            guard record.freeFrom > store.now.tick else {
                return try say("worker \(worker) is free since \(store.time(record.freeFrom))")
            }
            guard record.limit > store.now.tick else { return try sayUsed(record.freeFrom, store) }
            if record.holder.isOperator, !holderIsDead {
                return try say("worker \(worker) was taken from its holder before, and is free from \(limit)")
            }
            try Confirmation.ask(question(record, until: "\(limit)"), isGiven: yes)
            let release = WorkerRelease(worker: worker, record: record, isHolderDead: holderIsDead)
            switch try release.perform(store.store, by: OpenStore.operatorHolder, at: store.now) {
            case .released(let tick):
                try say("worker \(worker) is taken from its holder, and free from \(store.time(tick))")
            case .wasUsed(let tick):
                try sayUsed(tick, store)
            case .wasFree:
                try say("worker \(worker) is free: its holder has given it back")
            case .heldBy(let holder):
                throw Refusal(
                    message:
                        "Worker \(worker) was written meanwhile by \(holder.text), which therefore lives: nothing was "
                        + "changed. Stop that daemon, and the worker is free at once.",
                    exitCode: .temporaryFailure
                )
            }
        }
    }

    private func question(_ record: WorkerRecord, until limit: String) -> String {
        let lessee = record.lessee.map { "\($0), " } ?? ""
        let who =
            record.holder.isOperator
            ? "Worker \(worker) was taken from its holder, which may use it until \(limit)."
            : "Worker \(worker) is held by \(lessee)\(record.holder.text) until \(limit)."
        return holderIsDead
            ? "\(who) Daemons will no longer take that for the time; the worker stays unused until then."
            : "\(who) The holder will have to stop using it, and nobody else can before then."
    }

    private func sayUsed(_ tick: UInt64, _ store: OpenStore) throws {
        try say(
            "nobody holds worker \(worker); it was used up to \(store.time(tick)) by a daemon whose clock was ahead, and is "
                + "free from then"
        )
    }

    private func say(_ line: String) throws {
        var output = StandardOutput()
        try output.write(line: line)
        try output.flush()
    }
}
