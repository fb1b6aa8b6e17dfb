/// A first-in, first-out queue of slots. Its order is stored in the ``SlotLinks`` that all queues of the same slots
/// share.
struct SlotQueue {
    fileprivate(set) var first: Int?
    fileprivate var last: Int?
    fileprivate(set) var count = 0

    var isEmpty: Bool { count == 0 }
}

/// The neighbours of each slot in its queue. A slot is in one queue at a time, and may leave it from any position.
///
/// - Complexity: O(1) each, so the cost of a turn, or of a peer that leaves, does not depend on how many wait.
struct SlotLinks {
    private struct Link {
        var previous: Int?
        var next: Int?
    }

    private var links: [Link] = []

    mutating func append(_ slot: Int, to queue: inout SlotQueue) {
        while links.count <= slot { links.append(Link()) }
        links[slot] = Link(previous: queue.last, next: nil)
        if let last = queue.last { links[last].next = slot } else { queue.first = slot }
        queue.last = slot
        queue.count += 1
    }

    /// - Precondition: the slot is in that queue.
    mutating func remove(_ slot: Int, from queue: inout SlotQueue) {
        let link = links[slot]
        if let previous = link.previous { links[previous].next = link.next } else { queue.first = link.next }
        if let next = link.next { links[next].previous = link.previous } else { queue.last = link.previous }
        queue.count -= 1
        precondition(queue.count >= 0 && (queue.count == 0) == (queue.first == nil), "a slot leaves the queue it is in")
    }

    /// The slot behind this one in its queue.
    func next(after slot: Int) -> Int? { links[slot].next }
}
