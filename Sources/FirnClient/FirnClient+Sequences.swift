internal import FirnLayout
internal import FirnWire

/// Named sequences: durable counters without time. Each call is one call to the daemon, which may wait for its store.
///
/// As with IDs a call whose connection broke before the answer came is made again: the values of the lost answer stay a
/// gap.
extension FirnClient {
    /// The most tickets that one call gives.
    package static let maximumTickets = 65_536

    /// The next values of a sequence, exactly as many as asked for or an error; for a Pinterest sequence the IDs that
    /// they are part of.
    ///
    /// They rise, and one daemon's calls get rising ones. Across daemons only `--sequence-block 1` gives that:
    /// ``FirnSequence`` says why. Values of a call that failed, or whose answer was lost, may stay a gap.
    ///
    /// - Parameters:
    ///   - name: The sequence's. An unknown one is made, as 1, 2, 3, …, unless the daemon runs with
    ///     `--sequences-explicit`.
    ///   - count: 1 to 65,536, and no more than the daemon's `--max-batch`. It is not split, for the half of a call that
    ///     failed later could not be given back.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does; `.invalidArgument` for a name or a count that is none, and
    ///   `.failedPrecondition` when the sequence is at its maximum, is of another kind, or is not there.
    public func nextTickets(sequence name: String, count: Int = 1, timeout: Duration? = nil)
        async throws(FirnClientError)
        -> FirnIDs
    {
        let name = try Name(argument: name)
        guard (1...Self.maximumTickets).contains(count) else {
            throw FirnClientError(
                .invalidArgument,
                "\(count) tickets were asked for, and one call gives 1 to \(Self.maximumTickets), all or none: "
                    + (count < 1 ? "ask for at least 1." : "ask more than once.")
            )
        }
        let outcome = try await perform(.nextTickets(sequence: name, count: UInt32(count)), timeout: timeout)
        guard case .nextTickets(let runs) = outcome else { throw Self.uncheckedAnswer }
        return FirnIDs(runs: runs)
    }

    /// A prefix that no other instance of a service gets, such as `ServiceA-1`; the instance appends its own count.
    ///
    /// - Parameters:
    ///   - service: The service's name, which is its sequence's. An unknown one is made as for tickets.
    ///   - timeout: As for ``nextID(timeout:)``.
    /// - Throws: ``FirnClientError`` as ``nextTickets(sequence:count:timeout:)`` does.
    public func newPrefix(service: String, timeout: Duration? = nil) async throws(FirnClientError) -> String {
        let outcome = try await perform(.newPrefix(service: Name(argument: service)), timeout: timeout)
        guard case .newPrefix(let prefix) = outcome else { throw Self.uncheckedAnswer }
        return prefix
    }

    /// Makes a sequence, and tells it as it is then.
    ///
    /// To ask again for what is there changes nothing. To ask with a higher ``FirnSequence/next`` moves the sequence up
    /// to it, as a database's `AUTO_INCREMENT` does when it comes over.
    ///
    /// - Throws: ``FirnClientError`` as ``nextID(timeout:)`` does; `.invalidArgument` for a definition that is no sequence, and
    ///   `.failedPrecondition` when there is another sequence of that name, or when values from
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
    /// They come in pages, each a call with this timeout; a sequence that is made meanwhile may be missing.
    ///
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
