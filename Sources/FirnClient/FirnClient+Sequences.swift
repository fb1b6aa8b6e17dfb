public import FirnLayout
internal import FirnWire

/// Named sequences: durable counters without time. Each call is one call to the daemon, which may wait for its store.
///
/// As with IDs a call whose connection broke before the answer came is made again: the values of the lost answer stay a
/// gap.
extension FirnClient {
    /// The most tickets that one call gives.
    package static let maximumTickets = 65_536

    /// The next value of a sequence; for a Pinterest sequence the ID that it is part of.
    ///
    /// One daemon's calls get rising values. Across daemons only `--sequence-block 1` gives that: ``FirnSequence`` says
    /// why. The value of a call that failed, or whose answer was lost, may stay a gap.
    ///
    /// - Parameters:
    ///   - name: The sequence's name: 1 to 64 of the characters `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`. A sequence that does
    ///     not exist is created as 1, 2, 3, …, unless the daemon runs with `--sequences-explicit`.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does; `.invalidArgument` for a name of another form, and
    ///   `.failedPrecondition` when the sequence has no value left, is of another kind, or does not exist.
    public func nextTicket(sequence name: String, timeout: Duration? = nil) async throws(FirnClientError) -> FirnID {
        // A batch without an ID does not pass as an answer.
        try await nextTickets(sequence: name, count: 1, timeout: timeout)[0]
    }

    /// The next values of a sequence, exactly as many as asked for; for a Pinterest sequence the IDs that they are part of.
    ///
    /// They rise, within a call and from call to call as ``nextTicket(sequence:timeout:)`` says.
    ///
    /// - Parameters:
    ///   - name: The sequence's name, as for ``nextTicket(sequence:timeout:)``.
    ///   - count: 1 to 65,536, and no more than the daemon's `--max-batch`. It is one call and not split into several: when
    ///     a later one failed, the values of those before it could not be given back.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextTicket(sequence:timeout:)`` does; `.invalidArgument` also for a count out of its
    ///   range.
    public func nextTickets(
        sequence name: String,
        count: Int,
        timeout: Duration? = nil
    ) async throws(FirnClientError) -> FirnIDBatch {
        let name = try Name(argument: name)
        guard (1...Self.maximumTickets).contains(count) else {
            throw FirnClientError(
                code: .invalidArgument,
                message:
                    "\(count) tickets were asked for, and one call gives 1 to \(Self.maximumTickets), all or none: "
                    + (count < 1 ? "ask for at least 1." : "ask more than once.")
            )
        }
        let outcome = try await perform(.nextTickets(sequence: name, count: UInt32(count)), timeout: timeout)
        guard case .nextTickets(let runs) = outcome else { throw Self.uncheckedAnswer }
        return FirnIDBatch(runs: runs)
    }

    /// A prefix that no other instance of a service gets, such as `ServiceA-1`; the instance appends its own count.
    ///
    /// ``RequestIDGenerator`` does both.
    ///
    /// - Parameters:
    ///   - service: The service's name, of the form that a sequence's name has, for it is one. A sequence that does not
    ///     exist is created as for ``nextTicket(sequence:timeout:)``.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextTicket(sequence:timeout:)`` does.
    public func nextPrefix(service: String, timeout: Duration? = nil) async throws(FirnClientError) -> String {
        let outcome = try await perform(.newPrefix(service: Name(argument: service)), timeout: timeout)
        guard case .newPrefix(let prefix) = outcome else { throw Self.uncheckedAnswer }
        return prefix
    }

    /// Creates a sequence, and returns it as the store then has it.
    ///
    /// Creating one that exists with the same definition changes nothing. With a higher ``FirnSequence/next`` it moves the
    /// sequence up to that value, for instance when it replaces a database's `AUTO_INCREMENT` column.
    ///
    /// - Parameters:
    ///   - definition: The sequence's name, kind, step and limits.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Returns: The sequence, with the next value that no daemon has reserved.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does; `.invalidArgument` for a part of the definition that is
    ///   out of its range, and `.failedPrecondition` when another sequence has that name, or when values from
    ///   ``FirnSequence/next`` on were given or are reserved.
    public func createSequence(
        _ definition: FirnSequence,
        timeout: Duration? = nil
    ) async throws(FirnClientError) -> FirnSequence {
        let outcome = try await perform(.createSequence(definition.description), timeout: timeout)
        guard case .createSequence(let sequence) = outcome else { throw Self.uncheckedAnswer }
        return FirnSequence(sequence)
    }

    /// All sequences of the daemon's store, in the order of their names' bytes.
    ///
    /// They come in pages, each a call of its own; a sequence that is created meanwhile may be missing.
    ///
    /// - Parameter timeout: How long each call may take, as for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does.
    public func sequences(timeout: Duration? = nil) async throws(FirnClientError) -> [FirnSequence] {
        var sequences: [FirnSequence] = []
        var last: Name?
        while true {
            let outcome = try await perform(.listSequences(after: last), timeout: timeout)
            guard case .listSequences(let page, let more) = outcome else {
                throw Self.uncheckedAnswer
            }
            sequences += page.map(FirnSequence.init)
            guard more else { return sequences }
            last = page.last?.name
        }
    }
}
