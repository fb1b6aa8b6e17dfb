internal import Synchronization

/// A reading of the boot clock between two readings of a source's counter.
struct CountedMoment: Sendable {
    var before: Int64
    var boot: Int64
    var after: Int64

    /// How far the counter rose between the boot readings of `earlier` and this one: at least and at most. A thread that is
    /// stopped between the readings makes this wide, and never wrong.
    func counts(since earlier: CountedMoment) -> (least: Int64, most: Int64) {
        (before &- earlier.after, after &- earlier.before)
    }
}

/// How fast a source's counter rises beside its boot clock, found out by reading both, so that ``TickClock`` needs only the
/// counter to know that a tick still lasts.
///
/// Invariants, each with a test in `CounterScaleTests`:
/// 1. While the counter rises evenly, the end that ``end(of:in:)`` gives is not after the instant, however NTP steers the boot
///    clock: by a tenth and 500 millionths at most (adjtimex(2)).
/// 2. A counter whose rate beside the boot clock changed by more than NTP can is not used again after the next ``check(_:)``.
final class CounterScale: Sendable {
    /// The slowest that NTP can make the boot clock, as a part of the fastest, is 0.8995 / 1.1005.
    private static let slowest = (numerator: UInt64(3), denominator: UInt64(4))
    /// An end is earlier by at least this, so that a counter that was read a little too early does not show a tick that is over.
    private static let readEarly: Int64 = 1000
    /// A counter that has gone wrong is believed for this long at most.
    private static let maximumNanoseconds: Int64 = 1_000_000
    /// Over a shorter time the readings themselves take too much of it.
    private static let shortestCheck: Int64 = 10_000_000

    private let start: CountedMoment
    private let last: Mutex<CountedMoment>
    private let isEven = Atomic(true)

    init(start: CountedMoment) {
        self.start = start
        last = Mutex(start)
    }

    /// What the counter shows at most when `nanoseconds` have passed since `moment`, or a millisecond if that is less; nil while
    /// too little is known, and once the counter was found uneven.
    func end(of nanoseconds: Int64, in moment: CountedMoment) -> Int64? {
        let (counts, elapsed) = (moment.counts(since: start).least, moment.boot - start.boot)
        let length = min(nanoseconds, Self.maximumNanoseconds) - Self.readEarly
        guard isEven.load(ordering: .relaxed), counts > 0, elapsed > 0, length > 0 else { return nil }
        let surely = UInt64(length) * Self.slowest.numerator / Self.slowest.denominator
        let product = surely.multipliedFullWidth(by: UInt64(counts))
        guard product.high < elapsed.magnitude else { return nil }
        let (rise, _) = elapsed.magnitude.dividingFullWidth(product)
        return moment.before.addingReportingOverflow(Int64(clamping: rise)).partialValue
    }

    /// Compares the counter's rate since the last check with that since the start.
    func check(_ moment: CountedMoment) {
        last.withLock { last in
            guard moment.boot - last.boot >= Self.shortestCheck else { return }
            defer { last = moment }
            // At the first check the second one says nothing: it is from minus to plus infinity.
            let (recent, whole) = (Self.rate(from: last, to: moment), Self.rate(from: start, to: last))
            let slowest = Double(Self.slowest.numerator) / Double(Self.slowest.denominator)
            if recent.most < whole.least * slowest || recent.least * slowest > whole.most {
                isEven.store(false, ordering: .relaxed)
            }
        }
    }

    private static func rate(from earlier: CountedMoment, to later: CountedMoment) -> (least: Double, most: Double) {
        let (counts, elapsed) = (later.counts(since: earlier), Double(later.boot - earlier.boot))
        return (Double(counts.least) / elapsed, Double(counts.most) / elapsed)
    }
}

extension TimeSource {
    func countedMoment() -> CountedMoment {
        CountedMoment(before: count(), boot: bootNanoseconds(), after: count())
    }
}
