/// How the 64 bits of an ID are divided: the fields, their widths and order, and the tick and epoch of its time.
///
/// A layout either has a time field above a worker and a sequence field (each of which may be absent, that is 0 bits
/// wide), or it is ``pinterest``, which has no time.
///
/// Two layouts are equal exactly if they make and decode all IDs in the same way: every layout has one canonical
/// ``name``, and a preset that is spelled out field by field equals that preset.
public struct Layout: Sendable, Hashable {
    /// A preset's name, or the canonical text of a custom layout. ``init(parsing:)`` makes the same layout from it.
    public let name: String
    /// The width of the time field; 0 without one.
    public let timeBits: Int
    /// The width of the worker field; 0 without one.
    public let workerBits: Int
    /// The width of the sequence field; 0 without one.
    public let sequenceBits: Int
    /// Whether the order is Sonyflake's: time, sequence, worker. False when the sequence or the worker is absent.
    public let isSequenceAboveWorker: Bool
    /// The length of a tick in nanoseconds, up to ``maximumTickNanoseconds``; 0 when there is no time.
    public let tickNanoseconds: UInt64
    /// The instant of tick 0, in milliseconds since 1970, up to the end of the year 9999; 0 when there is no
    /// time.
    public let epochUnixMilliseconds: UInt64
    /// The fields from the highest bits to the lowest, with the unused bits on top; their widths add up to 64.
    public let fields: [BitField]

    /// The highest value of the time field; 0 without one.
    public let maximumTick: UInt64
    /// The highest value of the worker field; 0 without one.
    public let maximumWorker: UInt64
    /// The highest position: the last sequence number of the last tick. 0 without time.
    public let maximumPosition: UInt64

    @usableFromInline let sequenceMask: UInt64
    @usableFromInline let timeShift: UInt64
    @usableFromInline let workerShift: UInt64
    @usableFromInline let sequenceShift: UInt64

    /// The longest tick in nanoseconds: a day. (No known layout has a tick of more than a second.)
    public static let maximumTickNanoseconds: UInt64 = 86_400_000_000_000

    /// Makes a layout from numbers, for instance those in a daemon's description.
    ///
    /// - Parameters:
    ///   - timeBits: The width of the time field, at least 1.
    ///   - workerBits: The width of the worker field, 0 for none.
    ///   - sequenceBits: The width of the sequence field, 0 for none.
    ///   - isSequenceAboveWorker: True for Sonyflake's order: time, sequence, worker.
    ///   - tickNanoseconds: 1 to ``maximumTickNanoseconds``.
    ///   - epochUnixMilliseconds: Up to 253,402,300,799,999, the end of the year 9999.
    /// - Throws: ``LayoutError`` with code `.invalidLayout` if a number is out of range or the widths add up to more
    ///   than 64.
    public init(
        timeBits: Int,
        workerBits: Int,
        sequenceBits: Int,
        isSequenceAboveWorker: Bool = false,
        tickNanoseconds: UInt64,
        epochUnixMilliseconds: UInt64
    ) throws(LayoutError) {
        try Self.check(
            widths: [(.time, timeBits), (.worker, workerBits), (.sequence, sequenceBits)],
            tickNanoseconds: tickNanoseconds,
            epochUnixMilliseconds: epochUnixMilliseconds
        )
        let custom = Layout(
            preset: nil,
            timeBits: timeBits,
            workerBits: workerBits,
            sequenceBits: sequenceBits,
            isSequenceAboveWorker: isSequenceAboveWorker,
            tickNanoseconds: tickNanoseconds,
            epochUnixMilliseconds: epochUnixMilliseconds
        )
        self = Self.presets.first { $0.specification == custom.name } ?? custom
    }

    /// Makes a layout with time from validated numbers.
    init(
        preset: String?,
        timeBits: Int,
        workerBits: Int,
        sequenceBits: Int,
        isSequenceAboveWorker: Bool = false,
        tickNanoseconds: UInt64 = 1_000_000,
        epochUnixMilliseconds: UInt64
    ) {
        self.timeBits = timeBits
        self.workerBits = workerBits
        self.sequenceBits = sequenceBits
        self.isSequenceAboveWorker = isSequenceAboveWorker && workerBits > 0 && sequenceBits > 0
        self.tickNanoseconds = tickNanoseconds
        self.epochUnixMilliseconds = epochUnixMilliseconds
        let lower: [(BitField.Kind, Int)] = [(.worker, workerBits), (.sequence, sequenceBits)]
        fields = BitField.stack([(.time, timeBits)] + (self.isSequenceAboveWorker ? lower.reversed() : lower))
        maximumTick = BitField.maximum(ofWidth: timeBits)
        maximumWorker = BitField.maximum(ofWidth: workerBits)
        maximumPosition = BitField.maximum(ofWidth: timeBits + sequenceBits)
        sequenceMask = BitField.maximum(ofWidth: sequenceBits)
        timeShift = UInt64(workerBits + sequenceBits)
        workerShift = UInt64(self.isSequenceAboveWorker ? 0 : sequenceBits)
        sequenceShift = UInt64(self.isSequenceAboveWorker ? workerBits : 0)
        name =
            preset
            ?? Self.specification(
                of: fields,
                tickNanoseconds: tickNanoseconds,
                epochUnixMilliseconds: epochUnixMilliseconds
            )
    }

    /// Makes a layout without time.
    init(preset: String, timelessFields widths: [(kind: BitField.Kind, width: Int)]) {
        name = preset
        fields = BitField.stack(widths)
        timeBits = 0
        workerBits = 0
        sequenceBits = 0
        isSequenceAboveWorker = false
        tickNanoseconds = 0
        epochUnixMilliseconds = 0
        maximumTick = 0
        maximumWorker = 0
        maximumPosition = 0
        sequenceMask = 0
        timeShift = 0
        workerShift = 0
        sequenceShift = 0
    }
}

extension Layout {
    /// Whether IDs contain a time. Without one there are no ticks, positions and runs.
    @inlinable
    public var hasTime: Bool { timeBits > 0 }

    /// How many IDs a worker can make in one tick; 1 without a sequence field.
    @inlinable
    public var sequencesPerTick: UInt64 { sequenceMask + 1 }

    /// The distance between the IDs of adjacent positions of one tick: 1, or 2^``workerBits`` in Sonyflake's order.
    @inlinable
    public var runStride: UInt64 { 1 &<< sequenceShift }

    /// How many IDs a worker can make per second on average; 0 without time, where the fields set no rate.
    public var idsPerSecond: Double {
        hasTime ? Double(sequencesPerTick) * (1e9 / Double(tickNanoseconds)) : 0
    }
}

extension Layout: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
