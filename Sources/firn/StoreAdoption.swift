internal import FirnLayout
internal import FirnStore

/// Raises a store's floor above the IDs of another system.
struct StoreAdoption {
    let store: OpenStore
    let ids: [FirnID]
    /// The other system's layout, if the time of its IDs counts.
    let layout: Layout?
    let isConfirmed: Bool
    /// Whether the IDs came from standard input, where then no question is answered.
    let readsInput: Bool

    /// - Throws: `LayoutError`; ``Refusal`` for a line of standard input that is no ID, and when there are none.
    static func ids(_ arguments: [String]) throws -> [FirnID] {
        guard !areInInput(arguments) else { return try idsOfStandardInput() }
        return try arguments.map { text in
            if let advice = ListedIDs.advice(on: text[...]) {
                throw Refusal(message: "--above-id is \(text.quoted). \(advice)", exitCode: .usage)
            }
            guard text.contains(where: \.isNumber) else {
                throw Refusal(
                    message:
                        "--above-id is \(text.quoted), which is no ID: give the highest ID of the other system in decimal, or - to "
                        + "read it from standard input. \(ListedIDs.recipe)",
                    exitCode: .usage
                )
            }
            return try IDArgument.id(text, format: .decimal)
        }
    }

    static func areInInput(_ arguments: [String]) -> Bool { arguments == ["-"] }

    private static func idsOfStandardInput() throws -> [FirnID] {
        var reader = InputReader()
        var ids = ListedIDs()
        while true {
            switch reader.next() {
            case .record(let record, let line):
                do throws(BadLine) {
                    try ids.add(line: String(decoding: record, as: UTF8.self))
                } catch {
                    throw Refusal(message: "Line \(line) of standard input: \(error.message)", exitCode: .dataError)
                }
            case .tooLong(let line), .openQuote(let line, _, _):
                throw Refusal(message: "Line \(line) of standard input is no ID: it is too long.", exitCode: .dataError)
            case .encoded(let encoding):
                throw encoding.refusal
            case .needsInput:
                try reader.fill(StandardInput.read)
            case .end:
                guard let highest = ids.highest else {
                    throw Refusal(
                        message: "Standard input has no ID: if the table is empty, there is nothing to be above.",
                        exitCode: .dataError
                    )
                }
                return [highest]
            }
        }
    }

    /// - Throws: ``Refusal`` when the IDs are too far ahead, or a daemon would go on below them.
    func perform() throws {
        let floor = try AdoptedFloor(above: ids, of: layout, in: store.layout)
        let now = store.now
        let time = store.time(floor.tick)
        guard floor.tick <= now.tick || floor.tick - now.tick <= store.ticks(milliseconds: 3_660_000) else {
            throw Refusal(
                message: "The IDs of the layout \(store.layout.name) are above \(floor.id) only from \(time) on, more "
                    + "than an hour ahead of this host's clock, and until then nothing could be given out. Set the clock if it is "
                    + "behind; else the ID is of another layout (firn decode --guess \(floor.id)), and the store wants one "
                    + "whose IDs are above it.",
                exitCode: .usage
            )
        }
        let isAhead = floor.tick > now.tick
        if isAhead { try checkAhead(floor, now) }
        let record = try FloorRecord(
            limit: StoreInstant(tick: floor.tick, unixMilliseconds: time.unixMilliseconds),
            host: OpenStore.operatorHolder.host,
            raisedAtUnixMilliseconds: 0
        ).lift(store.store)
        var output = StandardOutput()
        if record.limit.tick > floor.tick {
            try output.write(
                line: "the store's floor stays at \(store.time(record.limit.tick)), above what \(floor.id) needs, "
                    + "\(time)"
            )
        } else {
            try output.write(line: "no worker is claimed before \(time): from then on every ID is above \(floor.id)")
        }
        if isAhead { try fence() }
        if record.limit.tick > now.tick {
            try output.write(
                line: "daemons give out nothing until \(store.time(record.limit.tick)); this host's clock says "
                    + "\(store.time(now.tick))"
            )
        }
        try output.flush()
    }

    /// A daemon that holds a worker goes on below the floor.
    private func checkAhead(_ floor: AdoptedFloor, _ now: StoreInstant) throws {
        if let held = try store.report().workers.first(where: { $0.record.limit > now.tick }) {
            throw Refusal(
                message: "The ID \(floor.id) is ahead of this host's clock, and worker \(held.number) is held by "
                    + "\(held.record.holder.text), which would go on below it: wait until \(store.time(floor.tick)), or stop all "
                    + "daemons on this store, and run this again.",
                exitCode: .temporaryFailure
            )
        }
        try Confirmation.ask(
            "The store \(store.name) will give out no ID before \(store.time(floor.tick)). This cannot be taken back.",
            isGiven: isConfirmed,
            inputIsRead: readsInput
        )
    }

    /// Has daemons that rest claim a worker anew, at the floor or above it.
    private func fence() throws {
        let workers = try store.report().workers.filter { !$0.record.isReserved }.map(\.number)
        if let held = try WorkerFence.perform(store.store, workers, by: OpenStore.operatorHolder, at: store.now) {
            throw Refusal(
                message: "The floor was raised, but worker \(held.number) was extended meanwhile by "
                    + "\(held.record.holder.text), which may give out IDs below the floor until "
                    + "\(store.time(held.record.limit)). Stop it, and run this again.",
                exitCode: .temporaryFailure
            )
        }
    }
}
