/// A named sequence as it appears in messages: as requested, unchecked, and as reported.
package struct SequenceDescription: Sendable, Equatable {
    /// What the values are used for.
    package enum Kind: Sendable, Equatable {
        /// The values themselves.
        case plain
        /// The local part of Pinterest's IDs with this shard and type.
        case pinterest(shard: UInt32, type: UInt32)
        /// The number at the end of a prefix.
        case prefix
    }

    package var name: Name
    package var kind: Kind
    /// The next value that no daemon has reserved. In a creation: the first value to give out, or 0 for the lowest one.
    package var next: UInt64
    /// At least 1.
    package var increment: UInt64
    /// The remainder that every value leaves when divided by `increment`.
    package var offset: UInt64
    /// The highest value allowed. In a creation: 0 for the kind's highest.
    package var maximum: UInt64

    package init(
        name: Name,
        kind: Kind = .plain,
        next: UInt64 = 0,
        increment: UInt64 = 1,
        offset: UInt64 = 0,
        maximum: UInt64 = 0
    ) {
        self.name = name
        self.kind = kind
        self.next = next
        self.increment = increment
        self.offset = offset
        self.maximum = maximum
    }
}
