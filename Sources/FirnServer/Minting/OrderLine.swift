internal import DequeModule
internal import FirnEngine
internal import FirnLayout
internal import FirnWire

/// An order for IDs.
struct IDOrder {
    let id: Mint.OrderID
    /// In boot nanoseconds; `.max`: never given up.
    let deadline: Int64
    /// IDs still to come.
    var remaining: UInt32
    /// Those that came in ticks that are over, or in turns before.
    var gathered = GatheredRuns()
    let deliver: (Mint.Outcome) -> Void
}

/// One of a mint's shards, and the orders that wait for its next tick. They take turns, as a reactor's connections do:
/// a single ID does not wait for a giant batch.
final class OrderLine {
    private let shard: Shard
    private var orders = Deque<IDOrder>()
    /// Peers that mint here.
    var peers = 0
    /// The tick that the orders wait for.
    private(set) var wakeTick: UInt64 = .max
    /// The earliest deadline of an order, or earlier; `.max` when there is none. Boot nanoseconds.
    private(set) var earliestDeadline = Int64.max

    init(shard: Shard) {
        self.shard = shard
    }

    var isEmpty: Bool { orders.isEmpty }

    func nextID(_ service: IDService) -> FirnID? {
        shard.refresh()
        guard orders.isEmpty, case .minted(let id) = shard.nextID(now: service.moment.tick) else { return nil }
        return id
    }

    /// Serves an order at once when nobody waits, or puts it at the end.
    func begin(_ order: IDOrder, _ service: IDService) -> Mint.Outcome? {
        shard.refresh()
        var order = order
        if orders.isEmpty {
            switch fill(&order, share: .max, service) {
            case .all: return .runs(order.gathered.runs)
            case .refused(let status): return .refused(status)
            case .shareUsed: preconditionFailure("the share of an order that is alone has no end")
            case .waits(let tick): wakeTick = tick
            }
        }
        orders.append(order)
        earliestDeadline = min(earliestDeadline, order.deadline)
        shard.setWaiting(true)
        return nil
    }

    func takeTurn(_ service: IDService, _ deliveries: inout [Delivered]) {
        shard.refresh()
        guard !orders.isEmpty else { return }
        expire(now: service.moment.bootNanoseconds, &deliveries)
        serving: while !orders.isEmpty {
            let before = orders[0].remaining
            switch fill(&orders[0], share: orders.count > 1 ? Lane.turnShare : .max, service) {
            case .all:
                let order = orders.removeFirst()
                deliveries.append(Delivered(deliver: order.deliver, outcome: .runs(order.gathered.runs)))
            case .refused(let status):
                let order = orders.removeFirst()
                deliveries.append(Delivered(deliver: order.deliver, outcome: .refused(status)))
            case .shareUsed:
                orders.append(orders.removeFirst())
            case .waits(let tick):
                wakeTick = tick
                // One that took the rest of the tick has had its turn. Where ticks are smaller than a share, a giant batch
                // would keep its place, and every tick, until it is whole. One that found nothing begins the next tick.
                if orders[0].remaining < before { orders.append(orders.removeFirst()) }
                break serving
            }
        }
        shard.setWaiting(!orders.isEmpty)
    }

    func cancel(_ id: Mint.OrderID) {
        guard !orders.isEmpty else { return }
        orders.removeAll { $0.id == id }
        shard.setWaiting(!orders.isEmpty)
    }

    func refuseAll(_ status: Status, _ deliveries: inout [Delivered]) {
        deliveries += orders.map { Delivered(deliver: $0.deliver, outcome: .refused(status)) }
        orders.removeAll()
        shard.setWaiting(false)
    }

    private func expire(now: Int64, _ deliveries: inout [Delivered]) {
        guard earliestDeadline <= now else { return }
        earliestDeadline = .max
        orders.removeAll { order in
            guard order.deadline <= now else {
                earliestDeadline = min(earliestDeadline, order.deadline)
                return false
            }
            deliveries.append(Delivered(deliver: order.deliver, outcome: .refused(Self.tooLate)))
            return true
        }
    }

    private func fill(_ order: inout IDOrder, share: UInt64, _ service: IDService) -> GatheredRuns.Gathering {
        // A single ID comes from the shard's block, of which the next one is then served too.
        if order.remaining == 1, order.gathered.runs.isEmpty, share > 0,
            case .minted(let id) = shard.nextID(now: service.moment.tick)
        {
            order.gathered.append(Run(first: id, count: 1, stride: 1), tick: service.moment.tick)
            order.remaining = 0
        }
        var share = share
        return order.gathered.gather(&order.remaining, share: &share, from: shard, service)
    }

    private static let tooLate = Status(
        .deadlineExceeded,
        "the IDs were not there in time: others have used up the worker's ticks; ask for fewer, or again later",
        retryAfterMilliseconds: 1000
    )
}
