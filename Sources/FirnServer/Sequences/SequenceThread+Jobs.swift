internal import FirnEngine
internal import FirnStore
internal import FirnWire
internal import Logging
internal import Synchronization

/// The jobs: what is requested from the store, and how the outcome is reported.
extension SequenceThread {
    /// Sequences in one page of a list: some 30 KiB.
    private static let pageLength = 256

    func takeBlock(for entry: Sequences.Entry, count: UInt64, after doubt: SequenceDoubt?) -> Answer {
        var random = systemRandom()
        let parameters: SequenceParameters = entry.key.use == .tickets ? .plain : .prefix
        let outcome = claims.takeBlock(
            entry.key.name.description,
            count: count,
            for: entry.key.use,
            orCreate: isExplicit ? nil : parameters,
            after: doubt,
            using: &random
        )
        if case .failed(let error, _) = outcome {
            logger.warning(
                "no block of a sequence could be reserved",
                metadata: ["sequence": "\(entry.key.name)", "error": "\(error)"]
            )
        }
        return { [self] in
            let (action, waiting) = entry.state.withLock { state in
                let action = state.keeper.blockAnswered(outcome, now: clock.bootNanoseconds())
                defer { state.waiting.removeAll() }
                return (action, Array(state.waiting.values))
            }
            if case .takeBlock(let count, let doubt) = action { post(.takeBlock(entry, count: count, after: doubt)) }
            waiting.forEach { $0.storeAnswered(StoreAnswer(.values(of: entry.key))) }
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
