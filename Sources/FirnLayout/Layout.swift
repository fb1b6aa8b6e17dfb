/// How the 64 bits of an ID are divided: the fields, their widths and order, and the tick and epoch of its time.
///
/// A layout has a time field, and beside it any of a worker, which may consist of several named parts, a sequence, and
/// constant and random bits; or it is ``pinterest``, which has no time. Every layout decodes and composes IDs. Those
/// without a ``mintingObstacle``, in which the time is on top, can also be minted.
///
/// Two layouts are equal exactly if they make and decode all IDs in the same way: every layout has one canonical
/// ``name``, and a preset that is spelled out field by field equals that preset.
public struct Layout: Sendable, Hashable {
    /// A preset's name, or the canonical text of a custom layout. ``init(parsing:)`` makes the same layout from it.
    public let name: String
    /// The width of the time field; 0 without one.
    public let timeBits: Int
    /// The width of the worker field, or of all its parts together; 0 without one.
    public let workerBits: Int
    /// The width of the sequence field; 0 without one.
    public let sequenceBits: Int
    /// Whether the order is Sonyflake's: time, sequence, worker. False when the sequence or the worker is absent.
    public let isSequenceAboveWorker: Bool
    /// Whether the time field counts down: it holds ``maximumTick`` minus the ticks since the epoch.
    public let isDescending: Bool
    /// The length of a tick in nanoseconds, up to ``maximumTickNanoseconds``; 0 when there is no time.
    public let tickNanoseconds: UInt64
    /// The instant of tick 0, in milliseconds since 1970, up to the end of the year 9999; 0 when there is no
    /// time.
    public let epochUnixMilliseconds: UInt64
    /// The fields from the highest bits to the lowest, with the unused bits on top; their widths add up to 64.
    public let fields: [BitField]
    /// The bits that are the same in every ID: those of the constant fields.
    public let constantBits: UInt64

    /// The highest value of the time field; 0 without one.
    public let maximumTick: UInt64
    /// The highest value of the worker field; 0 without one.
    public let maximumWorker: UInt64
    /// The highest position: the last sequence number of the last tick. 0 where IDs have no positions, which is in a
    /// layout with a ``mintingObstacle``.
    public let maximumPosition: UInt64

    @usableFromInline let hasPositions: Bool
    @usableFromInline let isWorkerInOnePiece: Bool
    @usableFromInline let sequenceMask: UInt64
    @usableFromInline package let timeShift: UInt64
    @usableFromInline package let workerShift: UInt64
    @usableFromInline package let sequenceShift: UInt64

    let sequenceRules: SequenceRules

    /// The longest tick in nanoseconds: a day. (No known layout has a tick of more than an hour.)
    public static let maximumTickNanoseconds: UInt64 = 86_400_000_000_000

    /// Makes a layout from numbers.
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
        let lower = [LayoutPart(.worker, width: workerBits), LayoutPart(.sequence, width: sequenceBits)]
        let parts = [LayoutPart(.time, width: timeBits)] + (isSequenceAboveWorker ? lower.reversed() : lower)
        let clock = LayoutClock(tickNanoseconds: tickNanoseconds, epochUnixMilliseconds: epochUnixMilliseconds)
        try Self.check(parts)
        try Self.check(clock)
        self.init(named: parts, clock: clock)
    }

    /// Makes a layout from checked values, or the preset that is the same.
    init(named parts: [LayoutPart], clock: LayoutClock, sequenceRules: SequenceRules = SequenceRules()) {
        let custom = Layout(preset: nil, parts: parts, clock: clock, sequenceRules: sequenceRules)
        self = Self.presetOfSpecification[custom.name] ?? custom
    }

    /// Makes a preset with time from numbers that are in range.
    init(
        preset: String,
        timeBits: Int,
        workerBits: Int,
        sequenceBits: Int,
        isSequenceAboveWorker: Bool = false,
        tickNanoseconds: UInt64 = 1_000_000,
        epochUnixMilliseconds: UInt64
    ) {
        let lower = [LayoutPart(.worker, width: workerBits), LayoutPart(.sequence, width: sequenceBits)]
        self.init(
            preset: preset,
            parts: [LayoutPart(.time, width: timeBits)] + (isSequenceAboveWorker ? lower.reversed() : lower),
            clock: LayoutClock(tickNanoseconds: tickNanoseconds, epochUnixMilliseconds: epochUnixMilliseconds)
        )
    }

    /// Makes a preset with time from its text; traps if that is not valid.
    init(preset: String, fields text: String) {
        do {
            let text = try LayoutText(parsing: text)
            self.init(preset: preset, parts: text.parts, clock: text.clock, sequenceRules: text.sequenceRules)
        } catch {
            preconditionFailure("the preset \(preset) has a wrong text: \(error)")
        }
    }

    /// Makes a layout from checked values: a preset, or without a name a custom one. Without a clock, parts of kind
    /// time must not be among them.
    init(
        preset: String?,
        parts: [LayoutPart],
        clock: LayoutClock?,
        sequenceRules: SequenceRules = SequenceRules()
    ) {
        let fields = parts.fields
        let time = fields.first { $0.kind == .time }
        let sequence = fields.first { $0.kind == .sequence }
        let workers = fields.filter { $0.kind == .worker }
        self.fields = fields
        timeBits = time?.width ?? 0
        workerBits = workers.reduce(0) { $0 + $1.width }
        sequenceBits = sequence?.width ?? 0
        isSequenceAboveWorker =
            sequence.map { sequence in workers.first.map { $0.shift < sequence.shift } ?? false } ?? false
        isDescending = clock?.isDescending ?? false
        tickNanoseconds = clock?.tickNanoseconds ?? 0
        epochUnixMilliseconds = clock?.epochUnixMilliseconds ?? 0
        self.sequenceRules = sequenceRules
        constantBits = fields.reduce(0) { $0 | $1.bits(of: $1.constant) }
        let obstacle = Self.mintingObstacle(of: fields, clock: clock, sequenceRules: sequenceRules)
        hasPositions = obstacle == nil
        isWorkerInOnePiece = workers.areInOnePiece
        maximumTick = BitField.maximum(ofWidth: timeBits)
        maximumWorker = BitField.maximum(ofWidth: workerBits)
        maximumPosition = hasPositions ? BitField.maximum(ofWidth: timeBits + sequenceBits) : 0
        sequenceMask = BitField.maximum(ofWidth: sequenceBits)
        timeShift = UInt64(time?.shift ?? 0)
        workerShift = UInt64(workers.last?.shift ?? 0)
        sequenceShift = UInt64(sequence?.shift ?? 0)
        name = preset ?? Self.specification(of: fields, clock: clock, sequenceRules: sequenceRules)
    }
}

extension Layout {
    /// Whether IDs contain a time. Without one there are no ticks.
    @inlinable
    public var hasTime: Bool { timeBits > 0 }

    /// How many numbers the sequence field holds, which is how many IDs a worker can make in one tick where all are
    /// used; 1 without a sequence field.
    @inlinable
    public var sequencesPerTick: UInt64 { sequenceMask + 1 }

    /// The distance between the IDs of adjacent positions of one tick: 1, or more where the sequence field is not the
    /// lowest. In Sonyflake's order it is 2^``workerBits``.
    @inlinable
    public var runStride: UInt64 { 1 &<< sequenceShift }

    /// How many IDs a worker can make per second on average; 0 without time, where the fields set no rate.
    public var idsPerSecond: Double {
        hasTime ? Double(sequenceRules.count(upTo: sequenceMask)) * (1e9 / Double(tickNanoseconds)) : 0
    }

    /// How many IDs some workers can make together in the shortest unit of time in which they make one: per second, minute,
    /// hour or day. Rounded down.
    package func idRate(ofWorkers count: Int) -> (ids: UInt64, unit: String) {
        let units: [(name: String, seconds: Double)] = [("second", 1), ("minute", 60), ("hour", 3600), ("day", 86_400)]
        let rates = units.map { unit in
            (
                ids: UInt64(exactly: (idsPerSecond * Double(count) * unit.seconds).rounded(.down)) ?? .max,
                unit: unit.name
            )
        }
        return rates.first { $0.ids > 0 } ?? rates[0]
    }

    /// The first sequence number of each tick. Where it is not 0, lower numbers are not given to IDs.
    public var firstSequence: UInt64 { sequenceRules.first }

    /// The sequence numbers that the system keeps for itself, ascending.
    public var reservedSequences: [ClosedRange<UInt64>] { sequenceRules.reserved }

    /// Whether IDs have constant fields. The places of the others are then not the sums of widths, and
    /// ``constantBits`` may be 0 all the same.
    package var hasConstants: Bool { fields.contains { $0.kind == .constant } }

    /// The field of a name; nil when there is none.
    public func field(named name: String) -> BitField? {
        fields.first { $0.name == name }
    }

    /// Under which name the output has the whole number of a worker that no field shows: `worker`, or `wholeWorker` where one
    /// of several parts is called `worker` (no field can have that name, because fields have no capitals). Nil without a
    /// worker, and where it is one field of that name.
    package var wholeWorkerName: String? {
        guard workerBits > 0 else { return nil }
        guard field(named: "worker") != nil else { return "worker" }
        return workerFields.count > 1 ? "wholeWorker" : nil
    }

    var clock: LayoutClock? {
        guard hasTime else { return nil }
        return LayoutClock(
            tickNanoseconds: tickNanoseconds,
            epochUnixMilliseconds: epochUnixMilliseconds,
            isDescending: isDescending
        )
    }
}

extension Layout: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
