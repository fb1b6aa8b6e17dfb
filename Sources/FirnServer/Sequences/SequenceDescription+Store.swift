internal import FirnStore
internal import FirnWire

extension SequenceDescription {
    /// The parameters for a sequence that the store creates.
    var parameters: SequenceParameters {
        get throws(SequenceParameterError) {
            let kind: SequenceKind
            switch self.kind {
            case .plain: kind = .plain
            case .prefix: kind = .prefix
            case .pinterest(let shard, let type):
                kind = try .pinterest(checkedShard: UInt64(shard), checkedType: UInt64(type))
            }
            return try SequenceParameters(
                kind: kind,
                increment: increment,
                offset: offset,
                start: next == 0 ? nil : next,
                maximum: maximum == 0 ? nil : maximum
            )
        }
    }

    /// The description of a record in the store.
    init(name: Name, record: SequenceRecord) {
        let kind: Kind
        switch record.kind {
        case .plain: kind = .plain
        case .prefix: kind = .prefix
        case .pinterest(let shard, let type): kind = .pinterest(shard: UInt32(shard), type: UInt32(type))
        }
        self.init(
            name: name,
            kind: kind,
            // At its end a sequence has no next value. The value after its maximum represents this.
            next: record.next ?? record.progression.maximum &+ 1,
            increment: record.progression.increment,
            offset: record.progression.offset,
            maximum: record.progression.maximum
        )
    }

    /// For messages.
    var text: String {
        let form = "increment \(increment), offset \(offset), maximum \(maximum)"
        switch kind {
        case .plain: return "plain, \(form)"
        case .prefix: return "prefix, \(form)"
        case .pinterest(let shard, let type): return "pinterest (shard \(shard), type \(type)), \(form)"
        }
    }
}
