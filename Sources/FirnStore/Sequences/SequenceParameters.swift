/// Checked parameters of a sequence: a ``SequenceRecord`` can be made of them. On the wire they are a
/// `SequenceDescription`.
///
/// A sequence gives the values from 1 to its maximum that leave the remainder `offset` when divided by `increment`.
/// The offset is a remainder, from 0 to `increment - 1`, and not the first value as in MySQL's
/// `auto_increment_offset`: so there is one way to write each class of values, and "offset not below increment" is
/// always a mistake. MySQL's offset 2 with increment 2 (2, 4, 6, …) is offset 0 here; its offset 1 (1, 3, 5, …) is 1.
package struct SequenceParameters: Hashable, Sendable {
    package let kind: SequenceKind
    package let progression: SequenceProgression
    /// No value below it is given out after it is set. nil: the first value, or the sequence's current position.
    package let start: UInt64?

    /// The sequence that is created on first use: 1, 2, 3, …
    package static let plain = SequenceParameters(.plain)
    /// The numbers of a service's instances: 1, 2, 3, …
    package static let prefix = SequenceParameters(.prefix)

    private init(_ kind: SequenceKind) {
        self.kind = kind
        progression = SequenceProgression(increment: 1, offset: 0, maximum: kind.defaultMaximum)
        start = nil
    }

    /// Throws for anything that is not a sequence with at least one value. The error contains what was wrong and what
    /// is allowed.
    package init(
        kind: SequenceKind,
        increment: UInt64 = 1,
        offset: UInt64? = nil,
        start: UInt64? = nil,
        maximum: UInt64? = nil
    ) throws(SequenceParameterError) {
        guard increment > 0 else {
            throw SequenceParameterError("increment 0 would give one value forever: use 1 or more")
        }
        // As in MySQL, the first value is 1 by default.
        let offset = offset ?? (increment == 1 ? 0 : 1)
        guard offset < increment else {
            throw SequenceParameterError(
                "offset \(offset) is not below increment \(increment): the offset is the remainder of every value "
                    + "divided by the increment, so use 0 to \(increment - 1)"
            )
        }
        let maximum = maximum ?? kind.defaultMaximum
        try Self.check(kind, increment: increment, maximum: maximum)
        let progression = SequenceProgression(increment: increment, offset: offset, maximum: maximum)
        try Self.check(progression, start: start)
        self.kind = kind
        self.progression = progression
        self.start = start
    }

    private static func check(
        _ kind: SequenceKind,
        increment: UInt64,
        maximum: UInt64
    ) throws(SequenceParameterError) {
        switch kind {
        case .plain:
            break
        case .pinterest(_, let type):
            guard type <= SequenceKind.maximumType else {
                throw SequenceParameterError(
                    "type \(type) has more than 10 bits: use 0 to \(SequenceKind.maximumType)"
                )
            }
            guard maximum <= SequenceKind.maximumLocal else {
                throw SequenceParameterError(
                    "maximum \(maximum) has more than the 36 bits of a Pinterest ID's local part: use "
                        + "\(SequenceKind.maximumLocal) or less"
                )
            }
        case .prefix:
            guard increment == 1 else {
                throw SequenceParameterError("increment \(increment): prefixes are numbered 1, 2, 3, …; leave it out")
            }
        }
    }

    private static func check(_ progression: SequenceProgression, start: UInt64?) throws(SequenceParameterError) {
        let maximum = progression.maximum
        guard progression.next(after: 0) != nil else {
            throw SequenceParameterError(
                "maximum \(maximum) leaves no value with increment \(progression.increment) and offset "
                    + "\(progression.offset): use a higher one"
            )
        }
        guard let start else { return }
        guard start > 0 else { throw SequenceParameterError("start 0: values are 1 or more") }
        guard start <= maximum else {
            throw SequenceParameterError("start \(start) is above the maximum \(maximum): use \(maximum) or less")
        }
        guard progression.next(after: start - 1) != nil else {
            throw SequenceParameterError(
                "start \(start) leaves no value up to the maximum \(maximum) with increment "
                    + "\(progression.increment) and offset \(progression.offset): use a lower start"
            )
        }
    }
}

extension SequenceKind {
    /// The kind of a Pinterest sequence, from numbers that a user typed. Throws when the ID has no room for them.
    package static func pinterest(
        checkedShard shard: UInt64,
        checkedType type: UInt64
    ) throws(SequenceParameterError) -> SequenceKind {
        guard let shard = UInt16(exactly: shard) else {
            throw SequenceParameterError("shard \(shard) has more than 16 bits: use 0 to \(UInt16.max)")
        }
        guard type <= UInt64(maximumType) else {
            throw SequenceParameterError("type \(type) has more than 10 bits: use 0 to \(maximumType)")
        }
        return .pinterest(shard: shard, type: UInt16(type))
    }
}

extension SequenceParameters: CustomStringConvertible {
    package var description: String {
        var text = "\(kind), increment \(progression.increment), offset \(progression.offset), "
        text += "maximum \(progression.maximum)"
        if let start { text += ", start \(start)" }
        return text
    }
}

/// Why parameters are invalid: what was wrong, with what value, and what to use instead.
package struct SequenceParameterError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String

    init(_ message: String) {
        self.message = message
    }

    package var description: String { message }
}
