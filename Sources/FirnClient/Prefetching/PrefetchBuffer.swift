internal import CFirnClient
internal import DequeModule
internal import FirnLayout
internal import Synchronization

/// IDs ready to be taken by any thread, without a lock: what was prefetched, until it is taken or too old.
///
/// Threads on different processors take from different *stripes*. A stripe is a line of *segments*, each a part of a
/// run with the time at which it expires, in a ring of slots; its *cursor* is one word: the number of the segment to be
/// taken from, and the index in it of the ID to be taken next.
///
/// No ID is given twice, for these reasons:
/// 1. Segment numbers rise by one from a segment to the next and never come again: there are 2^48, nine years at a
///    million a second, and a stripe that comes to the last of them gives no more. An index rises within its segment. So
///    the cursor only rises, and no word it ever was comes again: there is no ABA, however long a thread pauses.
/// 2. The cursor is moved by compare-and-exchange alone (and closed, which ends it). A thread that moved it from
///    (segment, index) is the only one that ever did, and owns that ID; one that passed over an expired segment owns the
///    rest of it, and drops that.
/// 3. What a thread read of its segment was the segment's own. A slot names the segment it holds, and says so last: who
///    reads the number reads what was written before it. The slot is written again only after the cursor was seen in a
///    later segment; a thread that read any of *that*, in a load that acquires of a store that releases, sees the cursor
///    there or later, and its compare-and-exchange from the older word fails. So what it read is never used.
/// 4. Segments are published by one thread at a time, of runs that the buffer alone was given.
/// 5. After `fork` the child gives out nothing: it is another ``ForkGeneration``.
final class PrefetchBuffer: Sendable {
    /// What came of a take.
    struct Taken {
        var id: FirnID?
        /// Whether the stripe runs low, or was found dry: more should be asked for.
        var wantsMore: Bool
    }

    /// How full a stripe is, and all that happened to it.
    struct Level: Sendable, Hashable {
        /// IDs that can be taken, also those that are too old by now and not yet dropped.
        var left = 0
        /// IDs taken since the buffer was made.
        var taken: UInt64 = 0
        /// Takes that found the stripe dry, since the buffer was made. (They may have found an ID in another stripe.)
        var misses: UInt64 = 0
    }

    /// A segment as its publisher remembers it.
    private struct Segment {
        var number: UInt64
        var count: Int
        var expiry: BootTime
    }

    private struct Publisher {
        var segments: Deque<Segment> = []
        var nextNumber: UInt64
        var published: UInt64 = 0
        /// IDs that the publisher itself dropped.
        var dropped: UInt64 = 0
    }

    /// How many segments a stripe holds: a daemon's runs are at least as long as what it makes in a tick, so that the
    /// milliseconds of use that a stripe aims at are some dozens of runs at most, each cut in a few segments.
    static let slotsPerStripe = 256
    /// IDs of the longest segment: what the index's 16 bits hold.
    static let maximumSegment = 1 << 16
    /// Every 16th take of a segment, its first among them, looks at the clock: 20 ns, or 1.3 ns a take.
    static let takesBetweenClocks: UInt64 = 16

    // The words of a stripe: a line of 128 bytes for what is written by takers, then the slots.
    private static let missesOffset = 1
    private static let droppedOffset = 2
    /// The first segment that only a stripe runs into which is low. Written with each publishing.
    private static let lowOffset = 3
    private static let slotsOffset = AtomicWords.wordsPerLine
    /// Segment number and count less 1, packed as the cursor is; then first, stride and expiry.
    private static let wordsPerSlot = 4
    private static let wordsPerStripe = slotsOffset + slotsPerStripe * wordsPerSlot

    private static let indexBits: UInt64 = 16
    private static let indexMask: UInt64 = 0xFFFF
    /// Never published, so that a cursor that comes here finds nothing for ever.
    private static let lastSegment: UInt64 = .max >> indexBits
    private static let closed: UInt64 = lastSegment << indexBits

    let stripeCount: Int
    private let stripeMask: UInt64
    private let forkGeneration: UInt64
    private let words: AtomicWords
    private let publishers: Mutex<[Publisher]>

    /// An empty buffer.
    ///
    /// - Parameters:
    ///   - stripes: At least as many as threads that take at the same time; made a power of two, 1 to 64.
    ///   - firstSegment: For tests of the numbers' end.
    init(stripes: Int, firstSegment: UInt64 = 1) {
        precondition(
            (1..<Self.lastSegment).contains(firstSegment),
            "segment numbers have 48 bits; 0 is an empty slot's"
        )
        var count = 1
        while count < min(stripes, 64) { count *= 2 }
        stripeCount = count
        stripeMask = UInt64(count - 1)
        forkGeneration = ForkGeneration.watched()
        words = AtomicWords(count: count * Self.wordsPerStripe)
        publishers = Mutex(Array(repeating: Publisher(nextNumber: firstSegment), count: count))
        for stripe in 0..<count {
            words.store(stripe * Self.wordsPerStripe, firstSegment << Self.indexBits)
        }
    }

    // MARK: - Taking: any thread, no lock, no allocation

    /// Takes an ID; from the stripe of this thread's processor, or any other that has one.
    @inline(__always)
    func take() -> Taken {
        take(from: Int(truncatingIfNeeded: firn_place_hint() & stripeMask))
    }

    /// Takes an ID from a stripe, or any other that has one.
    @inline(__always)
    func take(from stripe: Int) -> Taken {
        // First: in a child nothing else of this process can be relied on.
        guard !isForked else { return Taken(id: nil, wantsMore: false) }
        var wantsMore = false
        if let id = claim(at: stripe &* Self.wordsPerStripe, &wantsMore) { return Taken(id: id, wantsMore: wantsMore) }
        return takeElsewhere(than: stripe)
    }

    /// Whether this is a child of the process that the buffer was made in: nothing can be taken here.
    @inline(__always)
    var isForked: Bool { ForkGeneration.current != forkGeneration }

    @inline(never)
    private func takeElsewhere(than stripe: Int) -> Taken {
        words.add(stripe * Self.wordsPerStripe + Self.missesOffset, 1)
        for distance in 1..<max(1, stripeCount) {
            let other = (stripe + distance) & Int(stripeMask)
            var wantsMore = false
            guard let id = claim(at: other * Self.wordsPerStripe, &wantsMore) else { continue }
            return Taken(id: id, wantsMore: true)
        }
        return Taken(id: nil, wantsMore: true)
    }

    @inline(__always)
    private func claim(at base: Int, _ wantsMore: inout Bool) -> FirnID? {
        var cursor = words.load(base)
        while true {
            let slot = Self.slot(of: cursor, at: base)
            // How many IDs the segment has after this one: below 2^16 only when the slot holds the cursor's segment.
            let after = words.load(slot) &- cursor
            guard after <= Self.indexMask else {
                let now = words.load(base)
                guard now != cursor else { return nil }
                cursor = now
                continue
            }
            let first = words.load(slot + 1)
            let stride = words.load(slot + 2)
            if cursor & (Self.takesBetweenClocks - 1) == 0, words.load(slot + 3) <= BootTime.now.nanoseconds {
                cursor = passOver(cursor, after: after, at: base)
                continue
            }
            let next = after == 0 ? (cursor | Self.indexMask) &+ 1 : cursor &+ 1
            let (exchanged, original) = words.compareExchange(base, expected: cursor, desired: next)
            if exchanged {
                if after == 0 { wantsMore = next >> Self.indexBits >= words.load(base + Self.lowOffset) }
                return FirnID(rawValue: first &+ (cursor & Self.indexMask) &* stride)
            }
            cursor = original
        }
    }

    /// Drops the rest of a segment; returns where the cursor is then.
    @inline(never)
    private func passOver(_ cursor: UInt64, after: UInt64, at base: Int) -> UInt64 {
        let next = (cursor | Self.indexMask) &+ 1
        let (exchanged, original) = words.compareExchange(base, expected: cursor, desired: next)
        guard exchanged else { return original }
        words.add(base + Self.droppedOffset, after + 1)
        return next
    }

    @inline(__always)
    private static func slot(of cursor: UInt64, at base: Int) -> Int {
        let index = Int(truncatingIfNeeded: cursor >> indexBits) & (slotsPerStripe - 1)
        return base &+ slotsOffset &+ index &* wordsPerSlot
    }
}

// MARK: - Publishing

extension PrefetchBuffer {
    /// Lets IDs be taken, after those that are in the stripe already.
    ///
    /// - Parameters:
    ///   - run: IDs that nobody else was given.
    ///   - pieces: In how many segments, roughly, it is cut: a stripe's being low is seen between segments.
    ///   - expiry: When they are too old; not before that of the segments in the stripe.
    /// - Returns: How many of the IDs found room, from the first on; the others were not taken over.
    @discardableResult
    func publish(_ run: Run, pieces: Int = 1, to stripe: Int, expiry: BootTime) -> Int {
        publishers.withLock { publishers in
            let base = stripe * Self.wordsPerStripe
            let runCount = Int(run.count)
            let longest = min(max(1, (runCount + pieces - 1) / max(1, pieces)), Self.maximumSegment)
            var published = 0
            // Where the cursor is decides which slots are free: it only rises, so that more may be by now.
            let current = words.load(base) >> Self.indexBits
            while published < runCount {
                let number = publishers[stripe].nextNumber
                guard number < current + UInt64(Self.slotsPerStripe), number < Self.lastSegment else { break }
                let count = min(longest, runCount - published)
                let slot = Self.slot(of: number << Self.indexBits, at: base)
                words.store(slot + 1, run.first.rawValue + UInt64(published) * run.stride)
                words.store(slot + 2, run.stride)
                words.store(slot + 3, expiry.nanoseconds)
                words.store(slot, number << Self.indexBits | UInt64(count - 1))
                publishers[stripe].segments.append(Segment(number: number, count: count, expiry: expiry))
                publishers[stripe].nextNumber += 1
                publishers[stripe].published += UInt64(count)
                published += count
            }
            return published
        }
    }

    /// Has takers tell that a stripe is low once at most `mark` IDs are left in it, to within a segment.
    func setLowMark(_ mark: Int, of stripe: Int) {
        publishers.withLock { publishers in
            var left = 0
            var low = publishers[stripe].nextNumber
            for segment in publishers[stripe].segments.reversed() {
                left += segment.count
                guard left <= mark else { break }
                low = segment.number
            }
            words.store(stripe * Self.wordsPerStripe + Self.lowOffset, low)
        }
    }

    /// How full the stripes are. A moment's picture: threads take on meanwhile.
    func levels() -> [Level] {
        publishers.withLock { publishers in
            publishers.indices.map { stripe in
                let base = stripe * Self.wordsPerStripe
                let dropped = words.load(base + Self.droppedOffset)
                let cursor = words.load(base)
                Self.forget(before: cursor, &publishers[stripe])
                let publisher = publishers[stripe]
                let index = publisher.segments.first?.number == cursor >> Self.indexBits ? cursor & Self.indexMask : 0
                let left = publisher.segments.reduce(0) { $0 + $1.count } - Int(index)
                // A taker counts what it dropped after it moved the cursor: until then it counts as taken.
                let gone = publisher.published - UInt64(left)
                return Level(
                    left: left,
                    taken: gone - min(gone, publisher.dropped + dropped),
                    misses: words.load(base + Self.missesOffset)
                )
            }
        }
    }

    /// Drops what is too old.
    ///
    /// No take that begins after this has returned gives an ID which had expired by `now`.
    ///
    /// - Returns: When the next segment is too old; nil when there is none.
    @discardableResult
    func expire(now: BootTime) -> BootTime? {
        publishers.withLock { publishers in
            var next: BootTime?
            for stripe in publishers.indices {
                let base = stripe * Self.wordsPerStripe
                var cursor = words.load(base)
                while true {
                    Self.forget(before: cursor, &publishers[stripe])
                    guard let segment = publishers[stripe].segments.first else { break }
                    guard segment.expiry <= now else {
                        next = min(next ?? segment.expiry, segment.expiry)
                        break
                    }
                    let desired = (cursor | Self.indexMask) + 1
                    let (exchanged, original) = words.compareExchange(base, expected: cursor, desired: desired)
                    if exchanged { publishers[stripe].dropped += UInt64(segment.count) - (cursor & Self.indexMask) }
                    cursor = exchanged ? desired : original
                }
            }
            return next
        }
    }

    /// Drops everything, for good: nothing is published or taken any more.
    func close() {
        publishers.withLock { publishers in
            for stripe in publishers.indices {
                let last = words.exchange(stripe * Self.wordsPerStripe, Self.closed)
                Self.forget(before: last, &publishers[stripe])
                let left = publishers[stripe].segments.reduce(0) { $0 + UInt64($1.count) }
                let isInSegment = publishers[stripe].segments.first?.number == last >> Self.indexBits
                publishers[stripe].dropped += left - (isInSegment ? last & Self.indexMask : 0)
                publishers[stripe].segments.removeAll()
                publishers[stripe].nextNumber = Self.lastSegment
            }
        }
    }

    private static func forget(before cursor: UInt64, _ publisher: inout Publisher) {
        while let segment = publisher.segments.first, segment.number < cursor >> indexBits {
            publisher.segments.removeFirst()
        }
    }
}
