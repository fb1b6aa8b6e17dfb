import FirnTestSupport

/// Time, what is to happen when, and the record of what has happened, for one run.
///
/// Everything that happens is decided by the run's plan and by generators that are seeded by it, on one thread. So a plan
/// gives the same trace each time.
final class World {
    private struct Event {
        var time: Int64
        /// Of two at the same time, the one that was scheduled first is first.
        var number: UInt64
        /// Where its action is. It is kept apart, so that the heap moves plain numbers.
        var slot: Int

        func isBefore(_ other: Event) -> Bool { (time, number) < (other.time, other.number) }
    }

    let seed: UInt64
    /// True time, in nanoseconds since the run began.
    private(set) var now: Int64 = 0
    private var heap: [Event] = []
    private var actions: [(() -> Void)?] = []
    private var freeSlots: [Int] = []
    private var lastNumber: UInt64 = 0
    /// A digest of everything that was recorded, in its order.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var recorded = 0
    /// Gets the story; nil: nobody reads it.
    let tell: ((String) -> Void)?
    /// The first things that went wrong.
    private(set) var violations: [String] = []
    private(set) var eventCount = 0
    var counts = FaultCounts()

    static let maximumViolations = 8

    init(seed: UInt64, tell: ((String) -> Void)? = nil) {
        self.seed = seed
        self.tell = tell
    }

    /// A generator of its own for each part, so that a part that is left out does not change the others.
    func generator(_ part: UInt64) -> SeededGenerator {
        var mixed = SeededGenerator(seed: seed &+ part &* 0xD6E8_FEB8_6659_FD93)
        return SeededGenerator(seed: mixed.next())
    }

    // MARK: - Time

    func at(_ time: Int64, _ action: @escaping () -> Void) {
        lastNumber += 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            actions[slot] = action
        } else {
            slot = actions.count
            actions.append(action)
        }
        let event = Event(time: max(time, now), number: lastNumber, slot: slot)
        heap.append(event)
        var index = heap.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard event.isBefore(heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = event
    }

    func after(_ delay: Int64, _ action: @escaping () -> Void) { at(now + max(0, delay), action) }

    /// Lets everything happen up to `end`, unless something goes wrong.
    func run(until end: Int64) {
        while violations.isEmpty, let next = heap.first, next.time <= end {
            let action = removeFirst()
            now = next.time
            eventCount += 1
            action()
        }
        if violations.isEmpty { now = end }
    }

    /// Lets all that is in the heap happen at once, to end what waits. Nothing is recorded.
    func drain() {
        while !heap.isEmpty { removeFirst()() }
    }

    private func removeFirst() -> () -> Void {
        let slot = heap[0].slot
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        guard let action = actions[slot].take() else { preconditionFailure("an event has an action until it happens") }
        freeSlots.append(slot)
        return action
    }

    /// Puts it in the place of the first, and lets it sink to where it belongs.
    private func sink(_ event: Event) {
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(event) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = event
    }

    // MARK: - The record

    /// Adds something that has happened to the trace.
    func record(_ kind: TraceKind, _ who: Int, _ what: UInt64 = 0, _ text: @autoclosure () -> String) {
        recorded += 1
        mix(UInt64(kind.rawValue) << 32 | UInt64(truncatingIfNeeded: who))
        mix(UInt64(bitPattern: now))
        mix(what)
        if let tell { tell("\(Self.seconds(now))  \(text())") }
    }

    /// Only for the story.
    func mention(_ text: @autoclosure () -> String) {
        if let tell { tell("\(Self.seconds(now))  \(text())") }
    }

    /// Adds something that comes too often for the story.
    func count(_ kind: TraceKind, _ what: UInt64) {
        mix(UInt64(kind.rawValue))
        mix(what)
    }

    func violated(_ text: String) {
        guard violations.count < Self.maximumViolations else { return }
        violations.append(text)
        tell?("\(Self.seconds(now))  VIOLATED: \(text)")
    }

    private func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
    }

    static func seconds(_ nanoseconds: Int64) -> String {
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(milliseconds % 1000)
        let text = "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
        return String(repeating: " ", count: max(0, 8 - text.utf8.count)) + text
    }
}

/// What a trace consists of.
enum TraceKind: Int {
    case fault, started, killed, exited, status, read, wrote, conflicted, applied, failed, minted, noted, value, lease
}

let milliseconds: Int64 = 1_000_000
let seconds: Int64 = 1_000_000_000
