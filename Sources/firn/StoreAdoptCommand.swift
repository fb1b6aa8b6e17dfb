internal import ArgumentParser
internal import FirnConfiguration
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore

struct StoreAdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Say that a copied SQLite store is the store now.",
        discussion: """
            A store's file knows where it was used last. A daemon that finds it copied or moved (another file, another \
            machine) warns, and with a fixed --worker does not start: if the original is used on, both give out the same \
            IDs and tickets.

            This command says that the original is not used any more: it was moved, or this host is its successor. If \
            records are missing since the copy was made, it has to be repaired too (firn store repair, which adopts as \
            well). For a clone that is to live beside its original, do not adopt: remove the clone's store and its state \
            directory, and give its daemon a worker of its own.
            """
    )

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            guard let file = store.store as? SQLiteStore else {
                throw Refusal(message: "The store \(store.name) is no file, and has no copies.", exitCode: .usage)
            }
            let recorded = try file.recordedPlace()
            guard let recorded, file.presentPlace.difference(from: recorded) != nil else {
                return try say("the store \(store.name) is where it was used last: there is nothing to adopt")
            }
            let now = store.now.tick
            if let held = try store.report().workers.first(where: { $0.record.limit > now }) {
                throw Refusal(
                    message: "Worker \(held.number) is held by \(held.record.holder.text) until "
                        + "\(store.layout.time(ofTick: held.record.limit)): stop that daemon, or wait until then.",
                    exitCode: .temporaryFailure
                )
            }
            try Confirmation.ask(
                "The store \(store.name) was used as \(recorded.description) before. If a daemon uses that one on, IDs and "
                    + "tickets are given out twice.",
                isGiven: yes
            )
            try file.recordPlace()
            try say("the store \(store.name) is this file from now on")
        }
    }

    private func say(_ line: String) throws {
        var output = StandardOutput()
        try output.write(line: line)
        try output.flush()
    }
}
