internal import ArgumentParser
internal import FirnConfiguration
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore

struct StoreAdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Go on above another system's IDs, or say that a copied SQLite store is the store now.",
        discussion: """
            With --above-id, for any store: no worker is claimed before the time from which all IDs of the store's layout are \
            above the given ones, which are the highest that another system gave out, such as the result of SELECT max(id). That \
            time is the store's floor; a higher one is kept. With --layout, the other system's layout, the time in its IDs counts \
            as well as their size: IDs of the store are later, too. Stop the other system first. Where the time has not come by \
            this host's clock, daemons give out nothing until then: the command says so, asks, and refuses while a worker is \
            held, and where it is more than an hour ahead. A negative ID is read as two's complement, as firn decode does: it is that of \
            a signed column. --above-id - reads IDs from standard input, one per line; a header, rules and a count of rows, as \
            psql prints them, are left out. The command then asks nothing: where it would, it wants --yes.

            EXAMPLE:
              psql -Atc 'SELECT max(id) FROM orders' | firn store adopt --above-id - --store sqlite:/var/lib/firn/firn.db

            Without --above-id, for a copied store: a store's file knows where it was used last. A daemon that finds it copied or moved (another file, another \
            machine) warns, and with a fixed --worker does not start: if the original is used on, both give out the same \
            IDs and tickets.

            This command says that the original is not used any more: it was moved, or this host is its successor. If \
            records are missing since the copy was made, it has to be repaired too (firn store repair, which adopts as \
            well). For a clone that is to live beside its original, do not adopt: remove the clone's store and its state \
            directory, and give its daemon a worker of its own.
            """
    )

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("The highest IDs of another system, in decimal; - for standard input.", valueName: "id")
    )
    var aboveID: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --above-id, the layout of these IDs. (default: only their size counts)",
            valueName: "layout"
        )
    )
    var layout: String?

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    func validate() throws {
        guard layout == nil || !aboveID.isEmpty else { throw ValidationError("--layout is for --above-id.") }
    }

    func run() async throws {
        try reportingErrors {
            guard aboveID.isEmpty else {
                // Read first: the one who gave the IDs may have to correct them.
                let ids = try StoreAdoption.ids(aboveID)
                let layout = try layout.map { text throws(LayoutError) in try Layout(parsing: text) }
                return try StoreAdoption(
                    store: options.open(),
                    ids: ids,
                    layout: layout,
                    isConfirmed: yes,
                    readsInput: StoreAdoption.areInInput(aboveID)
                ).perform()
            }
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
