internal import Synchronization

/// The span of time that the present tick of a ``TickClock`` has, for threads that only want to know the tick: in counts of the
/// source's counter, or in boot nanoseconds where it has none.
///
/// A sequence lock: a reader takes nothing whose stamp is odd or has changed. A writer that finds another one at work, or
/// one that was stopped in the middle, writes nothing; readers then read the clock in full.
final class TickSpan: Sendable {
    struct Reading {
        fileprivate var stamp: UInt64 = 0
        /// The clock's revision that it is right for.
        var anchor: UInt64
        /// The first instant, and the first that may be of the next tick.
        var begin: Int64
        var end: Int64
        var tick: UInt64

        init(anchor: UInt64, begin: Int64, end: Int64, tick: UInt64) {
            (self.anchor, self.begin, self.end, self.tick) = (anchor, begin, end, tick)
        }

        /// Whether this instant is in the tick, under this anchor.
        @inline(__always)
        func isOf(_ anchor: UInt64, _ instant: Int64) -> Bool {
            stamp & 1 == 0 && self.anchor == anchor && instant >= begin && instant < end
        }
    }

    private let stamp = Atomic<UInt64>(0)
    // No clock has this revision, which is odd, at rest.
    private let anchor = Atomic<UInt64>(.max)
    private let begin = Atomic<Int64>(0)
    private let end = Atomic<Int64>(0)
    private let tick = Atomic<UInt64>(0)

    @inline(__always)
    func read() -> Reading {
        let stamp = stamp.load(ordering: .acquiring)
        var reading = Reading(
            anchor: anchor.load(ordering: .relaxed),
            begin: begin.load(ordering: .relaxed),
            end: end.load(ordering: .relaxed),
            tick: tick.load(ordering: .relaxed)
        )
        reading.stamp = stamp
        return reading
    }

    /// Whether nothing was written since. The caller has put an acquiring fence between ``read()`` and this.
    @inline(__always)
    func isStill(_ reading: Reading) -> Bool { stamp.load(ordering: .relaxed) == reading.stamp }

    func publish(_ reading: Reading) {
        let before = stamp.load(ordering: .relaxed)
        guard before & 1 == 0,
            stamp.compareExchange(expected: before, desired: before + 1, ordering: .acquiring).exchanged
        else { return }
        // A reader that gets one of these values sees the odd stamp, and takes none.
        atomicMemoryFence(ordering: .releasing)
        anchor.store(reading.anchor, ordering: .relaxed)
        begin.store(reading.begin, ordering: .relaxed)
        end.store(reading.end, ordering: .relaxed)
        tick.store(reading.tick, ordering: .relaxed)
        stamp.store(before + 2, ordering: .releasing)
    }
}
