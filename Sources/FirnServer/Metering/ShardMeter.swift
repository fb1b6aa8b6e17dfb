/// What one reactor has done. The reactor's own thread counts; readers add up the values of all reactors.
///
/// It shares no mutable memory with another reactor, so counting costs the same however many there are.
package final class ShardMeter: Sendable {
    // The memory before this object may belong to another thread. 128 bytes: processors fetch cache lines in pairs.
    private let padding = InlineArray<16, UInt64>(repeating: 0)
    private let calls = Cells<132>()
    private let totals = Cells<5>()
    private let closed = Cells<6>()
    private let latency = LatencyHistogram()

    private static let callCells = CallMethod.allCases.count * CallCode.allCases.count

    private enum Total: Int {
        case ids, values, waits, connections, calls
    }

    package init() {
        precondition(Self.callCells == 132, "a cell for each method and code")
        precondition(ClosingReason.allCases.count == 6, "a cell for each reason")
    }

    // MARK: - Counting, on the reactor's thread

    @inline(__always)
    func ended(_ method: CallMethod, _ code: CallCode, count: UInt64 = 1) {
        calls.add(count, at: Self.index(method, code))
    }

    @inline(__always)
    func gave(ids count: UInt64) {
        totals.add(count, at: Total.ids.rawValue)
    }

    func gave(values count: UInt64) {
        totals.add(count, at: Total.values.rawValue)
    }

    func waited() {
        totals.add(at: Total.waits.rawValue)
    }

    func took(nanoseconds: Int64, count: UInt64 = 1) {
        latency.observe(nanoseconds: nanoseconds, count: count)
    }

    func has(connections: Int) {
        totals.set(UInt64(connections), at: Total.connections.rawValue)
    }

    func has(calls: Int) {
        totals.set(UInt64(calls), at: Total.calls.rawValue)
    }

    func closedConnection(_ reason: ClosingReason) {
        closed.add(at: reason.rawValue)
    }

    private static func index(_ method: CallMethod, _ code: CallCode) -> Int {
        method.rawValue * CallCode.allCases.count + code.rawValue
    }

    // MARK: - Reading, on any thread

    package var reading: ShardReading {
        ShardReading(
            calls: (0..<Self.callCells).map { calls[$0] },
            ids: totals[Total.ids.rawValue],
            sequenceValues: totals[Total.values.rawValue],
            tickWaits: totals[Total.waits.rawValue],
            connections: totals[Total.connections.rawValue],
            openCalls: totals[Total.calls.rawValue],
            closed: ClosingReason.allCases.map { closed[$0.rawValue] },
            latency: latency.reading
        )
    }
}

/// What a ``ShardMeter`` has counted.
package struct ShardReading: Sendable, Equatable {
    private var calls: [UInt64]
    /// IDs given out.
    package var ids: UInt64
    /// Values of named sequences given out.
    package var sequenceValues: UInt64
    /// Calls that had to wait for a later tick.
    package var tickWaits: UInt64
    /// Connections that are open.
    package var connections: UInt64
    /// Calls that are open, where a host counts them.
    package var openCalls: UInt64
    private var closed: [UInt64]
    /// The time from reading a call until its answer was passed to the kernel.
    package var latency: LatencyReading

    fileprivate init(
        calls: [UInt64],
        ids: UInt64,
        sequenceValues: UInt64,
        tickWaits: UInt64,
        connections: UInt64,
        openCalls: UInt64,
        closed: [UInt64],
        latency: LatencyReading
    ) {
        self.calls = calls
        self.ids = ids
        self.sequenceValues = sequenceValues
        self.tickWaits = tickWaits
        self.connections = connections
        self.openCalls = openCalls
        self.closed = closed
        self.latency = latency
    }

    /// The number of calls of this method that ended with this code.
    package func calls(_ method: CallMethod, _ code: CallCode) -> UInt64 {
        calls[method.rawValue * CallCode.allCases.count + code.rawValue]
    }

    /// All calls that ended.
    package var allCalls: UInt64 { calls.reduce(0, &+) }

    /// Calls that ended in an error.
    package var failedCalls: UInt64 {
        CallMethod.allCases.reduce(allCalls) { $0 &- calls($1, .ok) }
    }

    /// The number of connections that were closed for this reason.
    package func closed(_ reason: ClosingReason) -> UInt64 {
        closed[reason.rawValue]
    }
}
