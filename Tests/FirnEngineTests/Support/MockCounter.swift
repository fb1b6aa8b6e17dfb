import FirnEngine
import Synchronization

/// Clocks that a test moves, with a counter beside them that rises at a rate of its own.
final class MockCounter: TimeSource {
    private let time = MockTimeSource()
    private struct State {
        /// In thousandths of a count for a nanosecond.
        var rate: Int64
        var count: Int64
        /// Thousandths of a count that have not made a whole one yet.
        var rest: Int64 = 0
    }
    private let state: Mutex<State>
    /// How much the boot clock rises each time that it is read between two readings of the counter.
    private let readingTakes: Int64

    init(thousandthsPerNanosecond rate: Int64, count: Int64 = 77_000_000, readingTakes: Int64 = 0) {
        state = Mutex(State(rate: rate, count: count))
        self.readingTakes = readingTakes
    }

    var hasCounter: Bool { true }

    func count() -> Int64 {
        advance(readingTakes)
        return state.withLock { $0.count }
    }

    func bootNanoseconds() -> Int64 {
        advance(readingTakes)
        return time.bootNanoseconds()
    }

    func wallNanoseconds() -> Int64 { time.wallNanoseconds() }

    /// Lets time pass, on the clocks and in the counter.
    func advance(_ nanoseconds: Int64) {
        time.advance(nanoseconds)
        state.withLock { state in
            let (counts, rest) = (nanoseconds * state.rate + state.rest).quotientAndRemainder(dividingBy: 1000)
            (state.count, state.rest) = (state.count &+ counts, rest)
        }
    }

    /// Lets time pass while the counter stands, as it does on some machines that are suspended.
    func suspend(_ nanoseconds: Int64) { time.advance(nanoseconds) }

    func jump(_ nanoseconds: Int64) { time.jump(nanoseconds) }

    func setRate(_ rate: Int64) { state.withLock { $0.rate = rate } }
}
