#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension LayoutGuess {
    /// How likely IDs are, if a system with a layout made them one after the other.
    ///
    /// The likelihood of an ID is the product of those of its fields, each a number of bits that adds up. A field whose
    /// values are all the same to the system costs its width; a field whose value was to be expected costs less. So the
    /// layouts can be compared whatever their widths are.
    struct Evidence {
        private let known: KnownLayout
        private let now: UTCTime

        /// The base-2 logarithm of the likelihood of all but the time of the latest ID.
        private var otherBits: Double

        private var count = 0
        private var workers = LearnedValues()
        private var sequences = LearnedValues()
        private var distances = LearnedDistances()
        /// The sequence as the system's habits have it, and as the numbers before have it: some systems begin with another
        /// number than the first.
        private var habitsAndNumbers = WeighedExpectations(shareOfFirst: 0.6)
        /// Whether numbers are carried on from tick to tick. By chance some are.
        private var carriedOnAndNot = WeighedExpectations(shareOfFirst: 0.5)
        /// Whether the numbers of one tick are counted, and are not any numbers.
        private var countedAndNot = WeighedExpectations(shareOfFirst: 0.7)
        /// The latest tick of each worker, and the highest number in it.
        private var lastOfWorker: [UInt64?: (tick: UInt64, sequence: UInt64)] = [:]
        /// How many IDs were of another tick than the worker's one before, and in how many of these the number went on by one.
        private var tickChanges = (all: 0, carriedOn: 0)
        private var risingPairs = 0
        private var latestSeconds = -Double.infinity

        /// - Parameter rank: How many layouts come before this one in the catalogue. It decides where nothing else does.
        init(_ known: KnownLayout, writtenIn format: IDFormat, now: UTCTime, rank: Int) {
            self.known = known
            self.now = now
            let isUsual = format == .decimal || known.habits.formats.contains(format)
            otherBits = -0.2 * Double(rank) - known.rarity.bits - (isUsual ? 0 : Self.unusualFormat)
        }

        /// What a form costs in which the system does not write its IDs: one in so many, as a power of two, was written so
        /// by somebody else.
        private static let unusualFormat = 6.0

        /// Adds different IDs in the order in which they are given.
        ///
        /// The likelihood of a list is that of the set of its IDs times that of their order. The set is read by time, so that a
        /// sorted list tells the same of it as one that is in no order.
        ///
        /// - Parameter isSorted: Whether the list is sorted by number. Somebody may have sorted it, so that it says nothing.
        mutating func add(_ ids: [DecodedID], isSorted: Bool) {
            count = ids.count
            for id in ids {
                otherBits += log2(id.likelihoodOfOtherFields)
                if let seconds = id.utc.map(Self.seconds) { latestSeconds = max(latestSeconds, seconds) }
            }
            let ticks = ids.compactMap(\.time)
            risingPairs = zip(ticks, ticks.dropFirst()).count { $0 <= $1 }
            let byTime = ids.sorted {
                ($0.time ?? 0, $0.worker ?? 0, $0.sequence ?? 0) < (
                    $1.time ?? 0, $1.worker ?? 0, $1.sequence ?? 0
                )
            }
            var (rest, last) = (byTime[...], UInt64?.none)
            var orders = 0.0
            while let first = rest.first {
                let ofTick = rest.prefix { $0.time == first.time }
                rest = rest.dropFirst(ofTick.count)
                if let tick = first.time {
                    for _ in ofTick {
                        if let last { otherBits += log2(distances.add(tick, after: last)) }
                        last = tick
                    }
                }
                add(ofTick: ofTick)
                orders += Self.orders(ofTick.count)
            }
            guard !isSorted else { return }
            // In the order of time but for some, or in any.
            let oneOfPlace = log2(Double(count)) + 2
            otherBits -= min(orders + Double(count - 1 - risingPairs) * oneOfPlace, Self.orders(count))
        }

        /// The base-2 logarithm of the number of orders in which so many can be.
        private static func orders(_ count: Int) -> Double { lgamma(Double(count) + 1) / log(2) }

        /// Adds the IDs of one tick.
        private mutating func add(ofTick ids: ArraySlice<DecodedID>) {
            if ids.count > 1 { otherBits += Self.orders(ids.count) }
            var rest = ids
            while let first = rest.first {
                let ofWorker = rest.prefix { $0.worker == first.worker }
                rest = rest.dropFirst(ofWorker.count)
                if ofWorker.count > 1 { otherBits -= Self.orders(ofWorker.count) }
                if let worker = first.worker {
                    for _ in ofWorker {
                        otherBits += log2(workers.likelihood(of: worker, new: likelihood(ofNewWorker: worker)))
                        workers.add(worker)
                    }
                }
                if first.sequence != nil { add(sequences: ofWorker.compactMap(\.sequence), of: first) }
            }
        }

        /// Adds the ascending numbers of one tick and worker.
        private mutating func add(sequences numbers: [UInt64], of id: DecodedID) {
            let first = likelihood(ofFirst: numbers[0], of: id)
            if let tick = id.time, let last = numbers.last { lastOfWorker[id.worker] = (tick, last) }
            guard numbers.count > 1 else {
                otherBits += log2(first)
                return
            }
            let steps = zip(numbers, numbers.dropFirst()).reduce(0) { bits, pair in
                bits + (pair.1 == pair.0 + 1 ? log2(0.7) : log2(0.3 * uniformSequence))
            }
            var others = Self.orders(numbers.count)
            for number in numbers.dropFirst() {
                others += log2(sequences.likelihood(of: number, new: uniformSequence))
            }
            let better = max(steps, others)
            otherBits +=
                log2(first) + better
                + log2(countedAndNot.likelihood(exp2(steps - better), exp2(others - better)))
            countedAndNot.add(bits: steps, others)
            if others > steps { for number in numbers.dropFirst() { sequences.add(number) } }
        }

        /// The likelihood of the first number of a tick and worker; takes it in.
        private mutating func likelihood(ofFirst sequence: UInt64, of id: DecodedID) -> Double {
            let habit = likelihood(ofNewSequence: sequence)
            let learned =
                sequences.isEmpty ? habit : sequences.likelihood(of: sequence, new: uniformSequence)
            let any = habitsAndNumbers.likelihood(habit, learned)
            habitsAndNumbers.add(habit, learned)
            sequences.add(sequence)
            guard let last = lastOfWorker[id.worker] else { return any }
            let isNext = sequence == last.sequence + 1
            let carriedOn = likelihood(ofCarriedOn: isNext, any: any)
            defer {
                carriedOnAndNot.add(carriedOn, any)
                tickChanges.all += 1
                tickChanges.carriedOn += isNext ? 1 : 0
            }
            return carriedOnAndNot.likelihood(carriedOn, any)
        }

        private static func seconds(_ time: UTCTime) -> Double {
            Double(time.unixSeconds) + Double(time.nanosecond) / 1e9
        }
    }
}

extension LayoutGuess.Evidence {
    private var tick: Double { Double(known.layout.tickNanoseconds) / 1e9 }

    /// The layout's whole past in seconds.
    private var past: Double { max(86_400, Self.seconds(now) - Self.seconds(known.since)) }

    /// The base-2 logarithm of the likelihood.
    var bits: Double {
        otherBits + (latestSeconds.isFinite ? log2(likelihood(ofLatest: latestSeconds)) : 0)
    }

    /// Of times, each order of magnitude of the age is about as likely as another: IDs are looked at when they are new,
    /// and old ones are spread over years. Of several IDs that is the age of the latest. Of times ahead of this clock the
    /// same is true of how far a clock is wrong, and few are.
    private func likelihood(ofLatest seconds: Double) -> Double {
        let newest = 60.0
        let share = secondsAhead == nil ? 1 : Self.shareOfWrongClocks
        let distance = secondsAhead ?? max(0, Self.seconds(now) - seconds)
        return share * tick / ((distance + newest) * log((past + newest) / newest))
    }

    private static let shareOfWrongClocks = 0.25

    /// How far the latest time is ahead of this clock, if it is by more than clocks differ.
    var secondsAhead: Double? {
        let ahead = latestSeconds - Self.seconds(now)
        return ahead > Double(LayoutGuess.clockTolerance) ? ahead : nil
    }

    private func likelihood(ofNewWorker worker: UInt64) -> Double {
        let isNumbered = known.habits.workers == .numbered
        return Self.mixture(
            worker,
            below: known.layout.workerBits,
            shareOfSmall: isNumbered ? 0.7 : 0.1
        )
    }

    private var uniformSequence: Double { exp2(-Double(known.layout.sequenceBits)) }

    private func likelihood(ofNewSequence sequence: UInt64) -> Double {
        switch known.habits.sequences {
        case .counted: likelihood(ofCountedSequence: sequence)
        case .arbitrary: uniformSequence
        case .carriedOn(let end): (sequence < end ? 0.98 : 0.02) / Double(end)
        }
    }

    /// - Parameter any: The likelihood if the ID before says nothing.
    private func likelihood(ofCarriedOn isNext: Bool, any: Double) -> Double {
        let carriesOn = likelihoodOfCarryingOn
        return (isNext ? carriesOn : 0) + (1 - carriesOn) * any
    }

    /// Some systems carry the number on from tick to tick. Whether one does is learned from the IDs before.
    private var likelihoodOfCarryingOn: Double {
        let expected =
            switch known.habits.sequences {
            case .counted, .arbitrary: 0.2
            case .carriedOn: 0.8
            }
        return (Double(tickChanges.carriedOn) + expected) / Double(tickChanges.all + 1)
    }

    /// Mostly a tick has one ID, and that has the first number.
    private func likelihood(ofCountedSequence sequence: UInt64) -> Double {
        let first = known.layout.firstSequence
        let width = known.layout.sequenceBits
        guard sequence >= first else { return 0.01 * exp2(-Double(width)) }
        guard sequence > first else { return 0.8 }
        return 0.2 * Self.mixture(sequence - first, below: width, shareOfSmall: 0.75)
    }

    /// The likelihood of a number of `width` bits that is either counted from 0, so that small numbers are likelier, or
    /// any number.
    private static func mixture(_ value: UInt64, below width: Int, shareOfSmall: Double) -> Double {
        let harmonic = Double(width) * log(2) + 0.577
        return shareOfSmall / ((Double(value) + 1) * harmonic) + (1 - shareOfSmall)
            * exp2(-Double(width))
    }
}

extension LayoutGuess.Evidence {
    /// How old the latest ID is, and what several have in common.
    var summary: String {
        guard latestSeconds.isFinite else { return "it has no time" }
        let age = Self.text(ofAge: Self.seconds(now) - latestSeconds)
        guard count > 1 else { return age }
        let order = risingPairs == count - 1 ? "times rise" : "times do not rise"
        guard !workers.isEmpty else { return "\(order), the latest \(age)" }
        return
            "\(order), \(workers.distinct) worker\(workers.distinct == 1 ? "" : "s"), the latest \(age)"
    }

    private static func text(ofAge seconds: Double) -> String {
        LayoutGuess.text(ofSeconds: seconds).map { "\($0) ago" } ?? "just now"
    }
}

extension DecodedID {
    /// The likelihood of the fields that are neither time, worker nor sequence.
    fileprivate var likelihoodOfOtherFields: Double {
        values.reduce(1) { product, entry in
            switch entry.field.kind {
            case .unused, .time, .worker, .sequence: product
            default: product * exp2(-Double(entry.field.width))
            }
        }
    }
}
