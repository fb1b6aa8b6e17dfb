internal import FirnEngine
internal import FirnStore
internal import FirnWire
internal import Logging
internal import Synchronization

/// The jobs: what is requested from the store, and how the outcome is reported.
extension SequenceThread {
    /// Sequences in one page of a list: some 30 KiB.
    private static let pageLength = 256

    func reservation(for order: Order) -> SequenceReservation {
        let (key, count) = (order.entry.key, order.count)
        let parameters: SequenceParameters = key.use == .tickets ? .plain : .prefix
        return SequenceReservation(
            key.name.description,
            count: count,
            for: key.use,
            orCreate: isExplicit ? nil : parameters,
            after: order.doubt,
            newest: order.entry.state.withLock(\.keeper.lastWritten)
        )
    }

    /// Passes a block, or why there is none, to the sequence and to the threads with calls that wait for it.
    func give(_ outcome: SequenceBlockOutcome, to entry: Sequences.Entry) {
        let (action, waiting) = entry.state.withLock { state in
            let action = state.keeper.blockAnswered(outcome, now: clock.bootNanoseconds())
            defer { state.waiting.removeAll() }
            return (action, Array(state.waiting.values))
        }
        if case .takeBlock(let count, let doubt) = action { post(Order(entry: entry, count: count, doubt: doubt)) }
        waiting.forEach { $0.storeAnswered(StoreAnswer(.values(of: entry.key))) }
    }

    /// Logs the failures of a batch: one line for each kind, with the first sequence and its error.
    func report(_ blocks: [SequenceBatch<Sequences.Entry>.Answered]) {
        var failures: [(sequence: Name, error: StoreError, others: Int)] = []
        for (entry, outcome) in blocks {
            guard case .failed(let error, _) = outcome else { continue }
            if let index = failures.firstIndex(where: { $0.error.code == error.code }) {
                failures[index].others += 1
            } else {
                failures.append((entry.key.name, error, 0))
            }
        }
        for (sequence, error, others) in failures {
            var metadata: Logger.Metadata = ["sequence": "\(sequence)", "error": "\(error)"]
            if others > 0 { metadata["others"] = "\(others)" }
            logger.warning("no block of a sequence could be reserved", metadata: metadata)
        }
    }

    /// - Returns: also the sequence's start, if the sequence exists as requested: no value below it is given out any
    ///   more.
    func create(_ description: SequenceDescription) -> (StoreReply.Content, start: UInt64?) {
        let parameters: SequenceParameters
        do throws(SequenceParameterError) {
            parameters = try description.parameters
        } catch {
            return (.refused(Status(.invalidArgument, "the sequence \(description.name): \(error)")), nil)
        }
        func refused(_ status: Status) -> (StoreReply.Content, start: UInt64?) { (.refused(status), nil) }
        var random = systemRandom()
        let name = description.name
        switch claims.create(name.description, parameters, using: &random) {
        case .created(let record), .existed(let record), .startRaised(let record):
            return (.created(SequenceDescription(name: name, record: record)), record.start)
        case .differs(let record):
            return refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(name) is there and is \(SequenceDescription(name: name, record: record).text), "
                        + "not \(parameters); give the new one another name"
                )
            )
        case .startTooLow(let record):
            let lowest = record.next.map { "choose \($0) or more" } ?? "it is at its maximum"
            return refused(
                Status(
                    .failedPrecondition,
                    "the sequence \(name) cannot start at \(description.next): all up to \(record.reserved) was given or is reserved; \(lowest)"
                )
            )
        case .failed(let error):
            return refused(
                Status(
                    .unavailable,
                    "the sequence \(name) may or may not have been made: \(error)",
                    retryAfterMilliseconds: 100
                )
            )
        }
    }

    func list(after name: Name?) -> StoreReply.Content {
        do throws(StoreError) {
            let all = try claims.list()
            let rest = all.drop { sequence in
                name.map { !$0.description.utf8.lexicographicallyPrecedes(sequence.name.utf8) } ?? false
            }
            let page = rest.prefix(Self.pageLength).compactMap { sequence in
                Name(sequence.name).map { SequenceDescription(name: $0, record: sequence.record) }
            }
            return .page(page, more: rest.count > Self.pageLength)
        } catch {
            return .refused(
                Status(.unavailable, "the sequences could not be read: \(error)", retryAfterMilliseconds: 100)
            )
        }
    }
}
