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

            --holder-is-dead frees the worker now. It states that the daemon which holds it is dead (not paused, not cut \
            off) and that its clock was not ahead of this host's. If that is not so, IDs can be given out twice. A holder \
            that has written since the command began is not dead, and is left alone.
            """
    )

    @Argument(help: "The worker's number.")
    var worker: UInt32

    @Flag(help: "Do not wait until its window has passed: its holder is dead, and its clock was right.")
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
            let limit = store.layout.time(ofTick: record.limit)
            guard record.limit > store.now.tick else { return try say("worker \(worker) is free since \(limit)") }
            try Confirmation.ask(question(record, until: "\(limit)"), isGiven: yes)
            let release = WorkerRelease(worker: worker, record: record, isHolderDead: holderIsDead)
            switch try release.perform(store.store, by: OpenStore.operatorHolder, at: store.now) {
            case .released(let tick):
                try say("worker \(worker) is taken from its holder, and free from \(store.layout.time(ofTick: tick))")
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
        let who = "Worker \(worker) is held by \(record.holder.text) until \(limit)."
        return holderIsDead
            ? "\(who) It will be free at once. If that daemon is not dead, or its clock was ahead, IDs can be given out twice."
            : "\(who) That daemon will have to stop using it, and nobody else can before then."
    }

    private func say(_ line: String) throws {
        var output = StandardOutput()
        try output.write(line: line)
        try output.flush()
    }
}
