/// All records of a store, read one by one, with the problems that were found.
package struct StoreReport: Sendable {
    /// The values that each record is checked against.
    package struct Bounds: Sendable {
        /// The highest number that the layout has room for.
        package var maximumWorker: UInt64
        /// The first tick after the layout's last.
        package var endTick: UInt64
        /// The current tick, and how far a limit may be ahead of it: a window, and the difference that clocks may have.
        package var nowTick: UInt64
        package var ticksAhead: UInt64
        /// Formats the time at which a tick begins, for people.
        package var text: @Sendable (_ tick: UInt64) -> String

        package init(
            maximumWorker: UInt64,
            endTick: UInt64,
            nowTick: UInt64,
            ticksAhead: UInt64,
            text: @escaping @Sendable (UInt64) -> String
        ) {
            self.maximumWorker = maximumWorker
            self.endTick = endTick
            self.nowTick = nowTick
            self.ticksAhead = ticksAhead
            self.text = text
        }
    }

    package struct Worker: Sendable {
        package var number: UInt32
        package var record: WorkerRecord
    }

    package struct Sequence: Sendable {
        package var name: String
        package var record: SequenceRecord
        package var version: UInt64
    }

    /// In increasing order of their numbers.
    package private(set) var workers: [Worker] = []
    /// By name.
    package private(set) var sequences: [Sequence] = []
    package private(set) var floor: FloorRecord?
    /// The problems, a sentence each, with the record's key and what to do.
    package private(set) var problems: [String] = []

    /// Throws only when the store cannot be read at all.
    package init(_ store: some Store, bounds: Bounds) throws(StoreError) {
        if let stored = try store.read(FloorRecord.key) { readFloor(stored.value, bounds) }
        if let stored = try store.read(ClockRecord.key) { readClock(stored.value) }
        for stored in try store.list(prefix: WorkerRecord.keyPrefix) { readWorker(stored, bounds) }
        for stored in try store.list(prefix: SequenceRecord.keyPrefix) { readSequence(stored) }
        workers.sort { $0.number < $1.number }
        do throws(StoreError) {
            try store.checkVersions()
        } catch {
            guard error.code == .corrupt else { throw error }
            problems.append(error.message)
        }
    }

    private mutating func readFloor(_ text: String, _ bounds: Bounds) {
        do throws(StoreError) {
            let floor = try FloorRecord(text: text)
            self.floor = floor
            if let what = Self.wrong(limit: floor.limit.tick, bounds) {
                problems.append(
                    "the record floor is \(what). Nothing is given out below it, and no command lowers it: stop all "
                        + "daemons and remove it, if no ID near it was ever given out"
                )
            }
        } catch {
            problems.append(error.message)
        }
    }

    /// Daemons write it anew if it is corrupt, and start without it.
    private mutating func readClock(_ text: String) {
        do throws(StoreError) {
            _ = try ClockRecord(text: text)
        } catch {
            problems.append(error.message)
        }
    }

    private mutating func readWorker(_ stored: StoredRecord, _ bounds: Bounds) {
        let (worker, found) = Self.examine(stored, bounds)
        if let worker { workers.append(worker) }
        problems += found
    }

    /// The worker of a record, if it can be read, and the record's problems.
    static func examine(_ stored: StoredRecord, _ bounds: Bounds) -> (worker: Worker?, problems: [String]) {
        do throws(StoreError) {
            let number = try WorkerRecord.worker(ofKey: stored.key)
            let record = try WorkerRecord(key: stored.key, text: stored.value)
            var problems: [String] = []
            if number > bounds.maximumWorker {
                problems.append(
                    "the record \(stored.key) is past the layout's last worker, \(bounds.maximumWorker): remove it, "
                        + "Firn did not write it"
                )
            }
            if let what = wrong(limit: record.limit, bounds) {
                problems.append(
                    "the limit of \(stored.key) is \(what): the clock of \(record.holder.text) was ahead. The worker "
                        + "stays unused until then: daemons with --worker \(number) need another number, or auto. If "
                        + "daemons whose clocks are right do not start, stop that daemon, and run 'firn workers release "
                        + "\(number) --holder-is-dead'"
                )
            }
            return (Worker(number: number, record: record), problems)
        } catch {
            return (nil, [error.message])
        }
    }

    private mutating func readSequence(_ stored: StoredRecord) {
        do throws(StoreError) {
            let record = try SequenceRecord(key: stored.key, text: stored.value)
            let name = SequenceRecord.name(ofKey: stored.key)
            sequences.append(Sequence(name: name, record: record, version: stored.version))
        } catch {
            problems.append(error.message)
        }
    }

    private static func wrong(limit: UInt64, _ bounds: Bounds) -> String? {
        if limit > bounds.endTick { return "tick \(limit), and the layout ends before tick \(bounds.endTick)" }
        guard limit > bounds.nowTick, limit - bounds.nowTick > bounds.ticksAhead else { return nil }
        return "\(bounds.text(limit)), which is far ahead"
    }
}
