/// The deadlines of slots, the earliest first: a binary heap, in which each slot has one deadline or none.
///
/// - Complexity: O(1) to get the earliest; O(log n) to set one, and O(1) for one that is later than all others.
package struct DeadlineHeap {
    private struct Entry {
        var deadline: Int64
        var slot: Int32
    }

    private var entries: [Entry] = []
    /// Where each slot's entry is; -1: it has none.
    private var positions: [Int32] = []

    package init() {}

    /// The earliest deadline; `.max` when there is none.
    package var earliest: Int64 { entries.first?.deadline ?? .max }

    /// How many slots have a deadline.
    package var count: Int { entries.count }

    /// When the slot is due; `.max`: never.
    package func deadline(of slot: Int) -> Int64 {
        guard slot < positions.count, positions[slot] >= 0 else { return .max }
        return entries[Int(positions[slot])].deadline
    }

    /// Sets the slot's deadline, which replaces the previous one; `.max`: none.
    package mutating func set(_ slot: Int, to deadline: Int64) {
        let position = slot < positions.count ? Int(positions[slot]) : -1
        guard deadline != .max else {
            if position >= 0 { remove(at: position) }
            return
        }
        guard position >= 0 else { return insert(Entry(deadline: deadline, slot: Int32(slot))) }
        let earlier = entries[position].deadline
        entries[position].deadline = deadline
        if deadline < earlier { rise(from: position) } else { sink(from: position) }
    }

    /// Removes and returns a slot that is due.
    package mutating func popDue(now: Int64) -> Int? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        remove(at: 0)
        return Int(first.slot)
    }

    private mutating func insert(_ entry: Entry) {
        while positions.count <= Int(entry.slot) { positions.append(-1) }
        entries.append(entry)
        positions[Int(entry.slot)] = Int32(entries.count - 1)
        rise(from: entries.count - 1)
    }

    private mutating func remove(at position: Int) {
        positions[Int(entries[position].slot)] = -1
        let last = entries.removeLast()
        if position < entries.count {
            entries[position] = last
            positions[Int(last.slot)] = Int32(position)
            rise(from: position)
            sink(from: position)
        }
    }

    private mutating func rise(from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entries[position].deadline < entries[parent].deadline else { return }
            exchange(position, parent)
            position = parent
        }
    }

    private mutating func sink(from start: Int) {
        var position = start
        while true {
            var least = position
            let left = 2 * position + 1
            if left < entries.count, entries[left].deadline < entries[least].deadline { least = left }
            let right = left + 1
            if right < entries.count, entries[right].deadline < entries[least].deadline { least = right }
            guard least != position else { return }
            exchange(position, least)
            position = least
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        entries.swapAt(one, other)
        positions[Int(entries[one].slot)] = Int32(one)
        positions[Int(entries[other].slot)] = Int32(other)
    }
}
