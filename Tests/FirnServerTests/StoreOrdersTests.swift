import FirnStore
import FirnWire
import Testing

@testable import FirnServer

/// Orders that wait for the store, with its answers as they are told to come.
@Suite struct StoreOrdersTests {
    private static let taken = Mint.Outcome.prefix("taken")

    private func order(_ number: UInt64, of name: String, deadline: Int64 = .max) -> StoreOrder {
        StoreOrder(
            id: Mint.OrderID(number: number, line: nil),
            deadline: deadline,
            key: Sequences.Key(name: Name(name)!, use: .tickets),
            count: 1,
            deliver: { _ in }
        )
    }

    /// A store that has nothing yet.
    private func waiting(_ orders: [StoreOrder]) -> StoreOrders {
        var line = StoreOrders()
        for order in orders { #expect(line.begin(order) { _ in nil } == nil) }
        return line
    }

    /// Tries again with values for `served`; the numbers of those that were asked for.
    private func retry(_ line: inout StoreOrders, serving served: Set<UInt64>) -> (asked: [UInt64], delivered: Int) {
        var (asked, deliveries) = ([UInt64](), [Delivered]())
        line.retry(&deliveries) { order in
            asked.append(order.id.number)
            return served.contains(order.id.number) ? Self.taken : nil
        }
        return (asked, deliveries.count)
    }

    @Test func oneThatCanBeServedAtOnceDoesNotWait() {
        var line = StoreOrders()
        #expect(line.begin(order(1, of: "a")) { _ in Self.taken } == Self.taken)
        #expect(line.isEmpty)
    }

    /// A block arrives after the first was told to wait: the second would take what the first came for.
    @Test func ofOneSequenceNoneOvertakes() {
        var line = waiting([order(1, of: "a"), order(2, of: "a"), order(3, of: "b"), order(4, of: "a")])
        var (asked, delivered) = retry(&line, serving: [2, 3, 4])
        #expect(asked == [1, 3] && delivered == 1, "only another sequence's goes on")
        (asked, delivered) = retry(&line, serving: [1, 2])
        #expect(asked == [1, 2, 4] && delivered == 2)
        (asked, delivered) = retry(&line, serving: [4])
        #expect(asked == [4] && delivered == 1 && line.isEmpty)
    }

    @Test func oneThatIsCancelledOrTooLateIsNotAskedForAgain() {
        var line = waiting([order(1, of: "a", deadline: 50), order(2, of: "a", deadline: 90), order(3, of: "a")])
        line.cancel(Mint.OrderID(number: 3, line: nil))
        #expect(line.earliestDeadline == 50)
        var deliveries: [Delivered] = []
        line.expire(now: 50, &deliveries)
        #expect(deliveries.count == 1 && line.earliestDeadline == 90)
        guard case .refused(let status) = deliveries[0].outcome else { return #expect(Bool(false), "it is refused") }
        #expect(status.code == .deadlineExceeded && status.retryAfterMilliseconds > 0)
        #expect(retry(&line, serving: [2]).asked == [2])
        #expect(line.isEmpty && line.earliestDeadline == .max)
    }
}
