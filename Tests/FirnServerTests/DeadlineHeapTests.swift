import FirnTestSupport
import Testing

@testable import FirnServer

/// The structures below the scheduler, held against plain ones.
@Suite struct DeadlineHeapTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theEarliestComesFirst(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var heap = DeadlineHeap()
        var model: [Int: Int64] = [:]
        for now in 0..<2000 as Range<Int64> {
            let slot = Int.random(in: 0..<50, using: &random)
            let deadline = random.oneIn(4) ? .max : now + .random(in: 0...100, using: &random)
            heap.set(slot, to: deadline)
            model[slot] = deadline == .max ? nil : deadline
            #expect(heap.earliest == model.values.min() ?? .max && heap.count == model.count)
            let probe = Int.random(in: 0..<60, using: &random)
            #expect(heap.deadline(of: probe) == model[probe] ?? .max)
            guard random.oneIn(3) else { continue }
            var last = Int64.min
            while let due = heap.popDue(now: now) {
                guard let deadline = model.removeValue(forKey: due) else { return #expect(Bool(false), "none was set") }
                #expect(deadline <= now && deadline >= last)
                last = deadline
            }
            #expect(model.values.allSatisfy { $0 > now })
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aQueueKeepsItsOrderWhoeverLeaves(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var links = SlotLinks()
        var queues = [SlotQueue(), SlotQueue()]
        var models: [[Int]] = [[], []]
        for _ in 0..<2000 {
            let (slot, queue) = (Int.random(in: 0..<20, using: &random), Int.random(in: 0..<2, using: &random))
            if let place = models.firstIndex(where: { $0.contains(slot) }) {
                links.remove(slot, from: &queues[place])
                models[place].removeAll { $0 == slot }
            } else {
                links.append(slot, to: &queues[queue])
                models[queue].append(slot)
            }
            for (queue, model) in zip(queues, models) {
                var order: [Int] = []
                var next = queue.first
                while let slot = next {
                    order.append(slot)
                    next = links.next(after: slot)
                }
                #expect(order == model && queue.count == model.count && queue.isEmpty == model.isEmpty)
            }
        }
    }

    @Test func slotsAreUsedAgain() {
        var slots = Slots(vacant: "")
        #expect(slots.insert("a") == 0 && slots.next == 1 && slots.insert("b") == 1)
        slots.remove(0)
        #expect(!slots.isTaken(0) && slots.isTaken(1) && !slots.isTaken(7) && slots.taken == [1] && slots.next == 0)
        #expect(slots.insert("c") == 0 && slots[0] == "c" && slots[1] == "b" && slots.count == 2)
        slots.remove(0)
        slots.remove(1)
        #expect(slots.count == 0 && slots.next == 0 && slots.taken.isEmpty)
    }
}
