/// The calls of one connection of `firn bench`. A state machine without I/O: it says which call to make, and how long those
/// took that were answered.
///
/// With a schedule a call counts from when it was due, not from when it was sent: one that waits because the daemon is slow
/// is charged with its wait. Without a schedule a call follows each answer. A call that is not answered within the timeout of
/// its beginning has failed. What holds after every event:
/// 1. No more calls are in flight than allowed.
/// 2. Every call that was due ends once: answered, lost, or skipped.
///
/// Times are nanoseconds since the beginning.
struct BenchCalls {
    struct Call: Equatable {
        let id: UInt64
        let timeoutMilliseconds: UInt32
    }

    private struct Slot {
        /// 0: no call.
        var id: UInt64 = 0
        var began: Int64 = 0
    }

    /// How long the daemon's own DEADLINE_EXCEEDED is waited for.
    static let grace: Int64 = 50_000_000
    /// Of the numbers of calls, those below tell the slots apart.
    private static let slotBits: UInt64 = 10
    static let maximumInFlight = 1 << 10

    private let timeout: Int64
    private var schedule: CallSchedule?
    private var end: Int64
    private var slots: [Slot]
    private var free: [Int]
    private var lastNumber: UInt64 = 0

    /// - Parameters:
    ///   - schedule: nil: a call for each answer.
    ///   - end: no call is due from then on.
    init(inFlight: Int, timeout: Int64, schedule: CallSchedule?, end: Int64) {
        precondition((1...Self.maximumInFlight).contains(inFlight), "a slot's number has 10 bits")
        self.timeout = timeout
        self.schedule = schedule
        self.end = end
        slots = Array(repeating: Slot(), count: inFlight)
        free = Array((0..<inFlight).reversed())
    }

    var inFlight: Int { slots.count - free.count }

    /// The next call to send; nil when none is due, or as many are in flight as may be.
    mutating func next(at now: Int64) -> Call? {
        guard let slot = free.last else { return nil }
        let began = schedule?.next ?? now
        guard began <= now, began < end else { return nil }
        // One that is too late by now is skipped later.
        guard began + timeout > now else { return nil }
        schedule?.take()
        free.removeLast()
        lastNumber += 1
        let id = lastNumber << Self.slotBits | UInt64(slot)
        slots[slot] = Slot(id: id, began: began)
        let left = (timeout - (now - began) + 999_999) / 1_000_000
        return Call(id: id, timeoutMilliseconds: UInt32(clamping: max(left, 1)))
    }

    /// A call was answered.
    ///
    /// - Returns: how long it took; nil when there is no such call.
    mutating func answered(_ id: UInt64, at now: Int64) -> Int64? {
        let index = Int(id & (1 << Self.slotBits - 1))
        guard id != 0, index < slots.count, slots[index].id == id else { return nil }
        slots[index].id = 0
        free.append(index)
        return now - slots[index].began
    }

    /// The calls that became too late before they could be sent.
    mutating func skip(at now: Int64) -> Int {
        guard var schedule else { return 0 }
        var count = 0
        while schedule.next + timeout <= now, schedule.next < end {
            schedule.take()
            count += 1
        }
        self.schedule = schedule
        return count
    }

    /// Whether the answer to a call is overdue, so that the connection is to be given up.
    func isOverdue(at now: Int64) -> Bool {
        inFlight > 0 && slots.contains { $0.id != 0 && $0.began + timeout + Self.grace <= now }
    }

    /// The connection is lost, and all calls in flight with it.
    ///
    /// - Returns: those whose timeout had passed, and the others.
    mutating func lost(at now: Int64) -> (timedOut: Int, others: Int) {
        let open = slots.filter { $0.id != 0 }
        let timedOut = open.count { $0.began + timeout <= now }
        free = Array(slots.indices.reversed())
        for index in slots.indices { slots[index].id = 0 }
        return (timedOut, open.count - timedOut)
    }

    /// No call is due from now on.
    mutating func stop(at now: Int64) {
        end = min(end, now)
    }

    /// Whether all calls have ended that were due before the end.
    func isFinished(at now: Int64) -> Bool {
        inFlight == 0 && (schedule?.next ?? now) >= end
    }
}
