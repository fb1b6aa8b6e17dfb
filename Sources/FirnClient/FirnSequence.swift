internal import FirnWire

/// A named sequence: a durable counter that the daemons of one store share.
///
/// It gives the values from 1 to ``maximum`` that leave the remainder ``offset`` when divided by ``increment``, each of
/// them once.
///
/// Each daemon reserves a block of values and gives out values of it. One daemon's tickets rise; across daemons the blocks
/// interleave, so that a later call to another daemon may get a lower value. Tickets rise across all daemons only when
/// each runs with `--sequence-block 1`, which costs a write to the store for all calls that wait at the same time.
///
/// It is both a definition, for ``FirnClient/createSequence(_:timeout:)``, and a daemon's description of a sequence.
public struct FirnSequence: Sendable, Hashable {
    /// What a sequence's values are used for. Later versions may add kinds: a `switch` over them needs a `default`.
    public enum Kind: Sendable, Hashable {
        /// Tickets: the values are the IDs.
        case plain
        /// The local part, 36 bits, of Pinterest's IDs with this shard (0 to 65,535) and type (0 to 1,023).
        case pinterest(shard: UInt32, type: UInt32)
        /// The number at the end of a prefix, as in `ServiceA-1`.
        case prefix
    }

    /// 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
    public var name: String
    /// What the values are used for.
    public var kind: Kind
    /// The lowest value that no daemon has reserved: neither it nor a higher one was given. nil when none is left.
    ///
    /// In a definition the value below which nothing is given, at least 1. nil stands for the lowest value when the sequence
    /// is new, and for no change when it exists.
    public var next: UInt64?
    /// The distance from a value to the next, at least 1; for prefixes 1.
    public var increment: UInt64
    /// The remainder of every value divided by the increment: `0 ..< increment`.
    ///
    /// It is not the first value, unlike MySQL's `auto_increment_offset`: 2, 4, 6, … has increment 2 and offset 0.
    public var offset: UInt64
    /// The highest value that is given. In a definition nil stands for the kind's highest: 2^36 - 1 for Pinterest's, else
    /// 2^63 - 1, as columns of databases are signed. A daemon's answer always has a maximum.
    public var maximum: UInt64?

    /// Makes a definition.
    ///
    /// - Parameters:
    ///   - name: The sequence's name: 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `.`, `_` and `-`.
    ///   - kind: What its values are used for.
    ///   - next: The value below which nothing is given, at least 1; the lowest value when left out.
    ///   - increment: The distance from a value to the next, at least 1.
    ///   - offset: The remainder of every value, `0 ..< increment`. When left out 0 for increment 1, else 1, so that the
    ///     first value is 1.
    ///   - maximum: The highest value, at least 1; its kind's highest when left out.
    ///
    /// Nothing is checked here: ``FirnClient/createSequence(_:timeout:)`` throws for a definition that is not valid.
    public init(
        name: String,
        kind: Kind = .plain,
        next: UInt64? = nil,
        increment: UInt64 = 1,
        offset: UInt64? = nil,
        maximum: UInt64? = nil
    ) {
        self.name = name
        self.kind = kind
        self.next = next
        self.increment = increment
        self.offset = offset ?? (increment == 1 ? 0 : 1)
        self.maximum = maximum
    }
}

extension FirnSequence {
    init(_ description: SequenceDescription) {
        let kind: Kind
        switch description.kind {
        case .plain: kind = .plain
        case .pinterest(let shard, let type): kind = .pinterest(shard: shard, type: type)
        case .prefix: kind = .prefix
        }
        // The next value of a sequence with none left is past its maximum, and so 0 when the maximum has all 64 bits.
        let hasNext = description.next > 0 && description.next <= description.maximum
        self.init(
            name: description.name.description,
            kind: kind,
            next: hasNext ? description.next : nil,
            increment: description.increment,
            offset: description.offset,
            maximum: description.maximum
        )
    }

    /// The definition in the wire's form.
    ///
    /// - Throws: ``FirnClientError`` with code `.invalidArgument` and the ``flaw``.
    var description: SequenceDescription {
        get throws(FirnClientError) {
            let name = try Name(argument: self.name)
            if let flaw { throw FirnClientError(code: .invalidArgument, message: flaw) }
            let kind: SequenceDescription.Kind
            switch self.kind {
            case .plain: kind = .plain
            case .pinterest(let shard, let type): kind = .pinterest(shard: shard, type: type)
            case .prefix: kind = .prefix
            }
            return SequenceDescription(
                name: name,
                kind: kind,
                next: next ?? 0,
                increment: increment,
                offset: offset,
                maximum: maximum ?? 0
            )
        }
    }

    /// What is wrong with a definition that no daemon would accept; nil when nothing is.
    package var flaw: String? {
        if let flaw = Self.flaw(ofName: name) { return flaw }
        guard increment > 0 else { return "The increment 0 would give one value forever: give 1 or more." }
        guard offset < increment else {
            return "The offset \(offset) is not below the increment \(increment): it is the remainder of every value "
                + "divided by the increment, so give 0 to \(increment - 1)."
        }
        // On the wire 0 stands for a value that was left out.
        guard next != 0 else { return "The start 0 is no value: they are 1 or more." }
        guard maximum != 0 else { return "The maximum 0 leaves no value: they are 1 or more." }
        if let next, let maximum, next > maximum {
            return "The start \(next) is above the maximum \(maximum): give \(maximum) or less."
        }
        guard case .pinterest(let shard, let type) = kind else { return nil }
        guard shard < 1 << 16 else { return "The shard \(shard) has more than 16 bits: give 0 to 65535." }
        guard type < 1 << 10 else { return "The type \(type) has more than 10 bits: give 0 to 1023." }
        return nil
    }

    /// What is wrong with the name of a sequence or a service; nil when nothing is.
    package static func flaw(ofName name: String) -> String? {
        guard Name(name) == nil else { return nil }
        return
            "The name \(name.quoted) is not 1 to \(Name.maximumLength) of the characters A-Z, a-z, 0-9, '.', '_' and "
            + "'-': choose one that is."
    }
}

extension Name {
    /// The name that a caller gave.
    ///
    /// - Throws: ``FirnClientError`` with code `.invalidArgument`.
    init(argument text: String) throws(FirnClientError) {
        guard let name = Name(text) else {
            throw FirnClientError(
                code: .invalidArgument,
                message: FirnSequence.flaw(ofName: text) ?? "The name is none."
            )
        }
        self = name
    }
}
