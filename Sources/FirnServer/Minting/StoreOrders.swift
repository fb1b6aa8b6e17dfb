internal import FirnEngine
internal import FirnStore
internal import FirnWire

/// An order for values of a sequence.
struct StoreOrder {
    let id: Mint.OrderID
    /// In boot nanoseconds; `.max`: never given up.
    let deadline: Int64
    let key: Sequences.Key
    let count: UInt32
    let deliver: (Mint.Outcome) -> Void
    /// What an earlier try was told to wait for.
    var wait: SequenceWait?
}

/// The orders of a mint that wait for the store, in the order in which they came. They wait for each other only where
/// they want the same sequence.
struct StoreOrders {
    /// Serves an order, or has it wait: `nil`.
    typealias Take = (inout StoreOrder) -> Mint.Outcome?

    private var orders: [StoreOrder] = []

    /// The earliest deadline, or earlier; `.max` when there is none. Boot nanoseconds.
    private(set) var earliestDeadline = Int64.max

    var isEmpty: Bool { orders.isEmpty }

    /// Serves an order at once, or keeps it.
    mutating func begin(_ order: StoreOrder, _ service: IDService) -> Mint.Outcome? {
        begin(order) { Self.take(&$0, service) }
    }

    mutating func begin(_ order: StoreOrder, take: Take) -> Mint.Outcome? {
        var order = order
        if let outcome = take(&order) { return outcome }
        orders.append(order)
        earliestDeadline = min(earliestDeadline, order.deadline)
        return nil
    }

    /// Tries all again. Of one sequence none overtakes, although a block may arrive between two tries.
    mutating func retry(_ service: IDService, _ deliveries: inout [Delivered]) {
        retry(&deliveries) { Self.take(&$0, service) }
    }

    mutating func retry(_ deliveries: inout [Delivered], take: Take) {
        var behind: Set<Sequences.Key> = []
        var waiting: [StoreOrder] = []
        for var order in orders {
            if !behind.contains(order.key) {
                if let outcome = take(&order) {
                    deliveries.append(Delivered(deliver: order.deliver, outcome: outcome))
                    continue
                }
                behind.insert(order.key)
            }
            waiting.append(order)
        }
        orders = waiting
        forgetDeadlines()
    }

    /// Gives up the orders whose deadline has passed. What is reserved for them later serves others.
    mutating func expire(now: Int64, _ deliveries: inout [Delivered]) {
        guard earliestDeadline <= now else { return }
        orders.removeAll { order in
            guard order.deadline <= now else { return false }
            deliveries.append(Delivered(deliver: order.deliver, outcome: .refused(Self.tooLate)))
            return true
        }
        forgetDeadlines()
    }

    mutating func cancel(_ id: Mint.OrderID) {
        orders.removeAll { $0.id == id }
        forgetDeadlines()
    }

    mutating func refuseAll(_ status: Status, _ deliveries: inout [Delivered]) {
        deliveries += orders.map { Delivered(deliver: $0.deliver, outcome: .refused(status)) }
        orders.removeAll()
        forgetDeadlines()
    }

    private mutating func forgetDeadlines() {
        earliestDeadline = orders.reduce(Int64.max) { min($0, $1.deadline) }
    }

    private static func take(_ order: inout StoreOrder, _ service: IDService) -> Mint.Outcome? {
        guard let desk = service.sequences else { preconditionFailure("a mint is made with the daemon's sequences") }
        let answer = desk.sequences.take(
            order.count,
            of: order.key,
            after: order.wait,
            mailbox: desk.mailbox,
            now: service.moment.bootNanoseconds
        )
        switch answer {
        case .wait(let wait):
            order.wait = wait
            return nil
        case .refused(let status): return .refused(status)
        case .taken(let first, let second, let kind):
            switch SequenceValues(first, second, kind, of: order.key) {
            case .prefix(let prefix): return .prefix(prefix)
            case .tickets(let first, let second): return .runs([first] + (second.map { [$0] } ?? []))
            }
        }
    }

    private static let tooLate = Status(
        .deadlineExceeded,
        "the store has not answered in time; try again later",
        retryAfterMilliseconds: 1000
    )
}
