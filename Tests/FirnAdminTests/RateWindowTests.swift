import FirnAdmin
import Testing

/// Rates between two looks.
@Suite struct RateWindowTests {
    private static let second: Int64 = 1_000_000_000

    @Test func aRateIsOfTheTimeSinceTheLastLook() {
        var window = RateWindow(counters: 2, now: 0)
        #expect(window.rates([10, 0], now: 10 * Self.second) == [1, 0])
        #expect(window.rates([1_010, 5], now: 11 * Self.second) == [1_000, 5])
        #expect(window.rates([1_010, 5], now: 12 * Self.second) == [0, 0])
    }

    /// Two pages that look at the same time do not take each other's second away.
    @Test func whoeverAsksSoonAfterAnotherGetsTheSameAnswer() {
        var window = RateWindow(counters: 1, now: 0)
        _ = window.rates([0], now: 10 * Self.second)
        #expect(window.rates([100], now: 11 * Self.second) == [100])
        #expect(window.rates([100], now: 11 * Self.second + 1)[0] > 99)
        #expect(window.rates([150], now: 11 * Self.second + Self.second / 2) == [100])
    }

    @Test func nothingIsDividedByNoTime() {
        var window = RateWindow(counters: 1, now: 5)
        #expect(window.rates([3], now: 5) == [0])
    }
}
