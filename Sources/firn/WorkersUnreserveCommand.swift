internal import ArgumentParser
internal import FirnLayout
internal import FirnStore

struct WorkersUnreserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unreserve",
        abstract: "Give reserved workers back to the daemons.",
        discussion: """
            Stop what they were reserved for first, and raise the store's floor above its last ID (firn store adopt --above-id): \
            from the present time by this host's clock on, daemons claim the workers and make IDs with them.

            What is not reserved is left as it is.
            """
    )

    @Argument(help: "The workers, such as 0-31,77; at most \(ReservableWorkers.maximumCount).")
    var workers: String

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var options: StoreOptions

    func validate() throws {
        _ = try ReservableWorkers.parse(workers)
    }

    func run() async throws {
        try reportingErrors {
            let store = try options.open()
            let wanted = try ReservableWorkers.checked(workers, store)
            try Confirmation.ask(
                "Daemons of the store \(store.name) will make IDs with the workers \(WorkerSet(wanted)). If what they are "
                    + "reserved for makes more, IDs are given out twice.",
                isGiven: yes
            )
            let reservation = WorkerReservation(endingBy: OpenStore.operatorHolder, at: store.now)
            let outcomes = ReservationOutcomes(wanted, reservation.perform(store.store, wanted))
            var lines: [String] = []
            if !outcomes.done.isEmpty { lines.append("daemons may claim from now on: \(outcomes.done)") }
            if !outcomes.unneeded.isEmpty { lines.append("not reserved: \(outcomes.unneeded)") }
            try outcomes.report(lines) { worker, record in "worker \(worker) is held by \(record.holder.text)" }
        }
    }
}
