internal import FirnStore
internal import FirnWire

/// Where one thread's requests get values of named sequences: the daemon's ``Sequences``, or a script in tests.
///
/// No call waits for the store. For a request that has to wait, the thread's listener is notified after the store has
/// answered.
protocol SequenceSource: AnyObject {
    /// `count` values of a sequence.
    ///
    /// - Parameters:
    ///   - wait: what the previous attempt for the same request returned to wait for.
    ///   - now: boot nanoseconds.
    func take(_ count: UInt32, of key: Sequences.Key, after wait: SequenceWait?, now: Int64) -> Sequences.Answer
    /// Creates a sequence, or raises its start, for the request with this number.
    func create(_ description: SequenceDescription, for request: Int) -> StoreReply
    /// The sequences after a name, for the request with this number.
    func list(after name: Name?, for request: Int) -> StoreReply
    /// Leases a worker, or extends or releases a lease, for the request with this number; `nil` where nothing is leased.
    func lease(_ call: LeaseCall, for request: Int) -> StoreReply?
    /// Reads or writes records of the store, for the request with this number; `nil` where they are not served.
    func store(_ call: StoreCall, for request: Int) -> StoreReply?
}

/// The daemon's sequences, with the thread's listener that is notified when the store has answered.
final class SequenceContext: SequenceSource {
    private let sequences: Sequences
    private let desks: Desks
    private let listener: any StoreListener

    init(sequences: Sequences, desks: Desks = Desks(), listener: any StoreListener) {
        self.sequences = sequences
        self.desks = desks
        self.listener = listener
    }

    func take(_ count: UInt32, of key: Sequences.Key, after wait: SequenceWait?, now: Int64) -> Sequences.Answer {
        sequences.take(count, of: key, after: wait, listener: listener, now: now)
    }

    func create(_ description: SequenceDescription, for request: Int) -> StoreReply {
        sequences.create(description, StoreReply(to: request, of: listener))
    }

    func list(after name: Name?, for request: Int) -> StoreReply {
        sequences.list(after: name, StoreReply(to: request, of: listener))
    }

    func lease(_ call: LeaseCall, for request: Int) -> StoreReply? {
        desks.leases.map { desk in
            let reply = StoreReply(to: request, of: listener) { [sequences] content in
                guard case .leased(let grant) = content else { return }
                sequences.giveBack { desk.giveBack(grant) }
            }
            let isNew = if case .begin = call { true } else { false }
            return sequences.atStore(reply, in: isNew ? .newLeases : .heldLeases) { desk.answer(call) }
        }
    }

    func store(_ call: StoreCall, for request: Int) -> StoreReply? {
        desks.records.map { desk in
            sequences.atStore(StoreReply(to: request, of: listener)) { desk.answer(call) }
        }
    }
}
