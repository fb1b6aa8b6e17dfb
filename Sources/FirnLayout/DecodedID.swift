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

    /// The value of a field; nil when the layout has no such field.
    public subscript(kind: BitField.Kind) -> UInt64? {
        layout.fields.first { $0.kind == kind }?.value(in: id)
    }

    /// Ticks since the layout's epoch; nil without a time field.
    public var time: UInt64? { self[.time] }
    /// The number of the worker that made the ID; nil without a worker field.
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

    /// Whether the ID can belong to the layout: its unused bits are 0.
    public var fitsLayout: Bool { unusedBits == 0 }

    /// The instant at which the ID's tick begins; nil without a time field.
    public var utc: UTCTime? { time.map(layout.time(ofTick:)) }
    /// The same in milliseconds since 1970, as ``Layout/unixMilliseconds(ofTick:)`` gives it.
    public var unixMilliseconds: UInt64? { utc?.unixMilliseconds }
    /// The same in nanoseconds since 1970, as ``Layout/unixNanoseconds(ofTick:)`` gives it.
    public var unixNanoseconds: Int64? { utc?.unixNanoseconds }
}
