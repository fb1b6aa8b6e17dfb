/// An ID together with the layout that it is decoded with.
public struct DecodedID: Sendable, Hashable {
    /// A field and its value in the ID.
    public struct FieldValue: Sendable, Hashable {
        /// The field.
        public let field: BitField
        /// Its bits as a number.
        public let value: UInt64
    }

    /// The ID.
    public let id: FirnID
    /// The layout that it is decoded with.
    public let layout: Layout

    /// All fields from high to low with their values, including the unused one.
    public var values: [FieldValue] {
        layout.fields.map { FieldValue(field: $0, value: $0.value(in: id)) }
    }

    /// The value of the field of a kind; nil when the layout has no such field. The time is in ticks since the epoch, also
    /// where the field counts down; the worker is all its parts put together; of several other fields it is the highest.
    public subscript(kind: BitField.Kind) -> UInt64? {
        guard let field = layout.fields.first(where: { $0.kind == kind }) else { return nil }
        return kind == .worker ? layout.worker(of: id) : reading(of: field)
    }

    /// The value of the field of a name; nil when the layout has no such field. The time is in ticks since the epoch, also
    /// where the field counts down. Where a part of the worker is called `worker`, it is that part alone.
    public subscript(name: String) -> UInt64? {
        layout.field(named: name).map(reading)
    }

    /// A field's value as it is shown: its bits, or for a time the ticks since the epoch.
    package func reading(of field: BitField) -> UInt64 {
        let value = field.value(in: id)
        return field.kind == .time && layout.isDescending ? layout.maximumTick - value : value
    }

    /// Ticks since the layout's epoch; nil without a time field.
    public var time: UInt64? { self[.time] }
    /// The number of the worker that made the ID, all parts put together; nil without a worker field.
    public var worker: UInt64? { self[.worker] }
    /// The ID's number among the worker's IDs of its tick; nil without a sequence field.
    public var sequence: UInt64? { self[.sequence] }
    /// Pinterest's shard; nil in other layouts.
    public var shard: UInt64? { self[.shard] }
    /// Pinterest's type; nil in other layouts.
    public var type: UInt64? { self[.type] }
    /// Pinterest's local number; nil in other layouts.
    public var local: UInt64? { self[.local] }

    /// The value of the layout's unused bits. Any value but 0 means that the ID was not made in this layout.
    public var unusedBits: UInt64 { self[.unused] ?? 0 }

    /// Whether the ID can belong to the layout: its unused bits are 0, and its constant fields have their numbers.
    public var fitsLayout: Bool {
        layout.fields.allSatisfy { field in
            switch field.kind {
            case .unused, .constant: field.value(in: id) == field.constant
            default: true
            }
        }
    }

    /// Whether the sequence number is none that the system gives to its IDs: it is below the first, or reserved. The
    /// system itself may have made such an ID.
    public var isSequenceReserved: Bool {
        guard let sequence else { return false }
        return sequence < layout.firstSequence || layout.sequenceRules.isReserved(sequence)
    }

    /// The instant at which the ID's tick begins; nil without a time field. Ticks from 2^63 seconds after 1970 on all have
    /// the latest instant of ``UTCTime``.
    public var utc: UTCTime? { time.map(layout.time(ofTick:)) }
    /// The same in milliseconds since 1970, as ``Layout/unixMilliseconds(ofTick:)`` gives it.
    public var unixMilliseconds: UInt64? { utc?.unixMilliseconds }
    /// The same in nanoseconds since 1970, as ``Layout/unixNanoseconds(ofTick:)`` gives it.
    public var unixNanoseconds: Int64? { utc?.unixNanoseconds }
}
