#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// How likely a field's next value is, by the values before.
///
/// What is learned costs a number of bits that grows with the number of different values and the logarithm of the count.
/// A wrong expectation is therefore paid for once, and not again for each ID.
struct LearnedValues {
    private var counts: [UInt64: Int] = [:]
    private var count = 0

    /// How many different values there were.
    var distinct: Int { counts.count }

    var isEmpty: Bool { count == 0 }

    mutating func add(_ value: UInt64) {
        counts[value, default: 0] += 1
        count += 1
    }

    /// - Parameter new: The likelihood of the value if it is drawn anew, and not one that was there before.
    func likelihood(of value: UInt64, new: Double) -> Double {
        guard count > 0 else { return new }
        let shareOfNew = (Double(counts.count) - 0.8) / Double(count)
        return (1 - shareOfNew) * Double(counts[value, default: 0]) / Double(count) + shareOfNew * new
    }
}

/// Two expectations, of which the one that did better so far counts more.
struct WeighedExpectations {
    private var logarithms: (first: Double, second: Double)

    /// - Parameter share: The weight of the first before anything is known.
    init(shareOfFirst share: Double) {
        logarithms = (log2(share), log2(1 - share))
    }

    /// The likelihood by both.
    func likelihood(_ first: Double, _ second: Double) -> Double {
        let odds = exp2(min(1000, max(-1000, logarithms.second - logarithms.first)))
        return (first + odds * second) / (1 + odds)
    }

    mutating func add(_ first: Double, _ second: Double) {
        add(bits: log2(first), log2(second))
    }

    /// The same with base-2 logarithms, as of what is very unlikely.
    mutating func add(bits first: Double, _ second: Double) {
        logarithms.first += first
        logarithms.second += second
    }
}

/// How likely the distance between two times is, in ticks, by the distances before. Times are read in their order.
///
/// Each half of an octave is as likely as another at first. A longer tick makes all distances shorter by the same
/// factor, so it changes which halves they are in, and not how well they can be foretold.
struct LearnedDistances {
    private var halves = LearnedValues()
    /// The halves and a steady rate, as of IDs that are asked for by many who do not know of each other.
    private var halvesAndRate = WeighedExpectations(shareOfFirst: 0.5)
    private var count = 0.0
    private var sum = 0.0

    /// How many halves there are up to 2^64.
    private static let all = 128.0

    /// The likelihood of an ID's tick after another's; takes it in.
    mutating func add(_ tick: UInt64, after last: UInt64) -> Double {
        let (half, width) = Self.half(of: tick - last)
        let byHalves = halves.likelihood(of: half, new: 1 / Self.all) / width
        halves.add(half)
        let distance = Double(tick - last)
        let byRate = likelihood(atSteadyRate: distance) ?? byHalves
        count += 1
        sum += distance
        defer { halvesAndRate.add(byHalves, byRate) }
        return halvesAndRate.likelihood(byHalves, byRate)
    }

    /// The likelihood if distances are exponentially distributed, with a mean that is known from those before (Lomax's
    /// distribution); nil before the first.
    private func likelihood(atSteadyRate distance: Double) -> Double? {
        guard count > 0 else { return nil }
        let total = sum + count / 2
        let atLeast = exp(-count * log1p(distance / total))
        let noMore = -expm1(-count * log1p(1 / (total + distance)))
        return max(atLeast * noMore, 1e-250)
    }

    /// The half's number and how many distances it has.
    private static func half(of distance: UInt64) -> (number: UInt64, width: Double) {
        guard distance > 0 else { return (0, 1) }
        let number = (log2(Double(distance)) * 2).rounded(.down)
        let width = exp2((number + 1) / 2).rounded(.up) - exp2(number / 2).rounded(.up)
        return (UInt64(number) + 1, max(1, width))
    }
}
