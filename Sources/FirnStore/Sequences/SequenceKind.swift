/// What a named sequence counts.
package enum SequenceKind: Hashable, Sendable {
    /// Tickets: the values are the IDs.
    case plain
    /// The values are the low 36 bits of IDs whose shard and type are fixed when the sequence is created. The code that
    /// gives them out composes the IDs; here the values are as in the store.
    case pinterest(shard: UInt16, type: UInt16)
    /// The values distinguish the instances of one service.
    case prefix

    /// The highest type of a Pinterest ID: it has 10 bits.
    package static let maximumType: UInt16 = 1023
    /// The highest local part of a Pinterest ID: it has 36 bits.
    package static let maximumLocal: UInt64 = 1 << 36 - 1

    /// The use of a sequence of this kind.
    package var use: SequenceUse {
        switch self {
        case .plain, .pinterest: .tickets
        case .prefix: .prefixes
        }
    }

    /// The highest value of a sequence without a given maximum. 2^63 - 1 where the layout sets none, because columns of
    /// databases and integers of many languages are signed.
    package var defaultMaximum: UInt64 {
        switch self {
        case .plain, .prefix: UInt64(Int64.max)
        case .pinterest: Self.maximumLocal
        }
    }
}

extension SequenceKind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .plain: "plain"
        case .pinterest(let shard, let type): "pinterest (shard \(shard), type \(type))"
        case .prefix: "prefix"
        }
    }
}

/// Which of the two calls a sequence answers. A name has only one sequence, which cannot answer both.
package enum SequenceUse: Hashable, Sendable {
    case tickets, prefixes
}
