internal import CFirnClient
internal import DequeModule
internal import FirnLayout
internal import Synchronization

/// Prefetched IDs, until they are taken or too old. Any thread takes them without a lock.
///
/// Threads on different processors take from different *stripes*. A stripe is a queue of *segments* in a ring of slots, each
/// a part of a run with the time at which it expires. Its *cursor* is one word: the number of the segment to take from, and
/// the index in it of the next ID.
///
/// A thread that takes one ID after the other claims a *chunk* of up to 16 with one move of the cursor, and takes those
/// without accessing memory that other threads write. Its chunk is valid only while the cursor is where the claim left it: a
/// take that finds it elsewhere drops the rest of the chunk. So the cursor's word alone ensures that:
/// - The IDs of a stripe rise, whichever threads take them: after another thread took one, a chunk gives no more.
/// - IDs that expired, or were in a buffer that was closed, are not taken from chunks either: both move the cursor. No chunk
///   has the last ID of its segment, so the cursor stays in the segment, where the expiry finds it.
/// - No chunk goes beyond the next ID for which the clock is read.
///
/// A chunk is at most an eighth of what its segment has left: little is lost when little is there. The rest of a chunk
/// whose thread ended is lost.
///
/// No ID is given twice, for these reasons:
/// 1. Segment numbers rise by one from a segment to the next and are never used again: there are 2^48, nine years at a
///    million per second, and a stripe that reaches the last of them gives no more. An index rises within its segment. So
///    the cursor only rises, and no value of its word is repeated: there is no ABA problem, however long a thread pauses.
/// 2. The cursor is moved by compare-and-exchange alone (and closed, which ends it). A thread that moved it from
///    (segment, index) is the only one that ever did, and owns the IDs up to the new position; one that skipped an expired
///    segment owns the rest of it, and drops that. What a thread owns is in its own memory.
/// 3. What a thread uses of a segment belongs to that segment. A slot has its segment's number, which is stored last, with
///    release: a load of the number that acquires also sees what was stored before it. The slot is written again only after
///    the cursor was seen in a later segment. A thread that read any of *that* sees the cursor there or later by the same
///    pairing of acquire and release, and its compare-and-exchange from the older word fails. So what it read is not used.
/// 4. Segments are published by one thread at a time, from runs that were given to this buffer alone.
/// 5. After `fork` the child takes nothing: its ``ForkGeneration`` differs.
/// 6. A chunk has the number of its buffer and stripe. No buffer's number is used twice in a process, so the chunk of a
///    buffer that was freed is not taken for another's. A signal handler that interrupts a take does not use the chunk.
final class PrefetchBuffer: Sendable {
    /// The result of a take.
    struct Taken {
        var id: FirnID?
        /// Whether the stripe is low or was found empty: more IDs should be requested.
        var wantsMore: Bool
    }

    /// How full a stripe is, and its counters.
    struct Level: Sendable, Hashable {
        /// IDs that any thread can take, with those that are too old and not dropped yet.
        var left = 0
        /// IDs taken since the buffer was made. Those of a chunk count when it is claimed.
        var taken: UInt64 = 0
        /// Takes that found the stripe empty, since the buffer was made. (They may have found an ID in another stripe.)
        var misses: UInt64 = 0
    }

    /// The publisher's record of a segment.
    struct Segment {
        var number: UInt64
        var count: Int
        var expiry: BootTime
    }

    struct Publisher {
        var segments: Deque<Segment> = []
        var nextNumber: UInt64
        var published: UInt64 = 0
        /// IDs that the publisher itself dropped.
        var dropped: UInt64 = 0
    }

    /// How many segments a stripe has room for. A daemon's runs are about what it makes in a tick, so the IDs of the some
    /// milliseconds that a stripe is to last are some dozens of runs at most, each of a few segments.
    static let slotsPerStripe = 256
    /// IDs of the longest segment: what fits in the index's 16 bits.
    static let maximumSegment = 1 << 16
    /// Every 16th take of a segment, beginning with the first, reads the clock: 20 ns, or 1.3 ns per take.
    static let takesBetweenClocks: UInt64 = 16
    /// A chunk is at most this part of what its segment has left.
    private static let chunkDivisor: UInt64 = 8

    // The words of a stripe: a line of 128 bytes for what takes write, then the slots.
    static let missesOffset = 1
    static let droppedOffset = 2
    /// The number of the first segment in which the stripe is low. Written with each publishing.
    static let lowOffset = 3
    /// Where the cursor was after the last chunk was claimed.
    static let chunkEndOffset = 4
    private static let slotsOffset = AtomicWords.wordsPerLine
    /// Segment number and count less 1, packed as the cursor is; then first, stride and expiry.
    static let wordsPerSlot = 4
    static let wordsPerStripe = slotsOffset + slotsPerStripe * wordsPerSlot

    static let indexBits: UInt64 = 16
    static let indexMask: UInt64 = 0xFFFF
    /// Never published, so that a cursor that reaches it never finds an ID.
    static let lastSegment: UInt64 = .max >> indexBits
    static let closed: UInt64 = lastSegment << indexBits

    /// The highest number given to a buffer.
    private static let lastNumber = Atomic<UInt64>(0)
    private static let stripeBits: UInt64 = 6

    let stripeCount: Int
    /// The buffer's number, at the place that it has in a chunk's owner: the stripe is in the bits below.
    private let identity: UInt64
    private let stripeMask: UInt64
    private let forkGeneration: UInt64
    let words: AtomicWords
    let publishers: Mutex<[Publisher]>

    /// An empty buffer.
    ///
    /// - Parameters:
    ///   - stripes: At least the number of threads that take at the same time; rounded up to a power of two, 1 to 64.
    ///   - firstSegment: For tests that reach the last number.
    init(stripes: Int, firstSegment: UInt64 = 1) {
        precondition(
            (1..<Self.lastSegment).contains(firstSegment),
            "segment numbers have 48 bits; 0 is an empty slot's"
        )
        var count = 1
        while count < min(stripes, 64) { count *= 2 }
        stripeCount = count
        stripeMask = UInt64(count - 1)
        identity = Self.lastNumber.wrappingAdd(1, ordering: .relaxed).newValue << Self.stripeBits
        forkGeneration = ForkGeneration.watched()
        words = AtomicWords(count: count * Self.wordsPerStripe)
        publishers = Mutex(Array(repeating: Publisher(nextNumber: firstSegment), count: count))
        for stripe in 0..<count {
            words.store(stripe * Self.wordsPerStripe, firstSegment << Self.indexBits)
        }
    }

    // MARK: - Taking: any thread, no lock, no allocation

    /// Takes an ID from the stripe of this thread's processor, or from any other that has one.
    @inline(__always)
    func take() -> Taken {
        take(from: Int(truncatingIfNeeded: firn_place_hint() & stripeMask))
    }

    /// Takes an ID from a stripe, or from any other that has one.
    @inline(__always)
    func take(from stripe: Int) -> Taken {
        // Checked first: in a child nothing else of this process can be relied on.
        guard !isForked else { return Taken(id: nil, wantsMore: false) }
        let chunk = firn_chunk()
        guard firn_chunk_begin(chunk) else { return takeOne(from: stripe) }
        guard isNext(chunk, of: stripe), chunk.pointee.left > 0 else { return takeAnew(from: stripe, chunk) }
        let id = chunk.pointee.next
        chunk.pointee.next = id &+ chunk.pointee.stride
        chunk.pointee.left &-= 1
        firn_chunk_end(chunk)
        return Taken(id: FirnID(rawValue: id), wantsMore: false)
    }

    /// Whether the last IDs of a stripe were claimed for this chunk, and none were taken or dropped since.
    @inline(__always)
    private func isNext(_ chunk: UnsafeMutablePointer<firn_chunk>, of stripe: Int) -> Bool {
        chunk.pointee.owner == identity | UInt64(truncatingIfNeeded: stripe)
            && chunk.pointee.cursor == words.load(stripe &* Self.wordsPerStripe)
    }

    /// Whether this is a child of the process that the buffer was made in: nothing can be taken then.
    @inline(__always)
    var isForked: Bool { ForkGeneration.current != forkGeneration }

    /// Takes an ID that is in no chunk, and claims a chunk after it if this thread took the last ones too.
    @inline(never)
    private func takeAnew(from stripe: Int, _ chunk: UnsafeMutablePointer<firn_chunk>) -> Taken {
        // Twice as many each time: a thread that takes a few loses a few at most when another one takes.
        var wanted: UInt64 = 1
        if isNext(chunk, of: stripe) {
            wanted = min(2 * chunk.pointee.size, Self.takesBetweenClocks)
        } else {
            forfeit(chunk.pointee)
        }
        var wantsMore = false
        guard let claim = claim(wanted, at: stripe &* Self.wordsPerStripe, &wantsMore) else {
            (chunk.pointee.owner, chunk.pointee.left) = (0, 0)
            firn_chunk_end(chunk)
            return takeElsewhere(than: stripe)
        }
        chunk.pointee.owner = identity | UInt64(stripe)
        chunk.pointee.cursor = claim.cursor
        chunk.pointee.next = claim.first.rawValue &+ claim.stride
        chunk.pointee.stride = claim.stride
        chunk.pointee.left = claim.count &- 1
        chunk.pointee.size = wanted
        firn_chunk_end(chunk)
        return Taken(id: claim.first, wantsMore: wantsMore)
    }

    /// Takes an ID without using the chunk.
    @inline(never)
    private func takeOne(from stripe: Int) -> Taken {
        var wantsMore = false
        guard let claim = claim(1, at: stripe &* Self.wordsPerStripe, &wantsMore) else {
            return takeElsewhere(than: stripe)
        }
        return Taken(id: claim.first, wantsMore: wantsMore)
    }

    /// Counts the rest of a chunk as dropped, if it is of this buffer.
    private func forfeit(_ chunk: firn_chunk) {
        let stripe = chunk.owner & ((1 << Self.stripeBits) - 1)
        guard chunk.left > 0, chunk.owner - stripe == identity else { return }
        words.add(Int(stripe) * Self.wordsPerStripe + Self.droppedOffset, chunk.left)
    }

    @inline(never)
    private func takeElsewhere(than stripe: Int) -> Taken {
        words.add(stripe * Self.wordsPerStripe + Self.missesOffset, 1)
        for distance in 1..<max(1, stripeCount) {
            let other = (stripe + distance) & Int(stripeMask)
            var wantsMore = false
            guard let claim = claim(1, at: other * Self.wordsPerStripe, &wantsMore) else { continue }
            return Taken(id: claim.first, wantsMore: true)
        }
        return Taken(id: nil, wantsMore: true)
    }

    /// IDs that a thread took from a stripe at once, and the cursor after that.
    private struct Claim {
        var first: FirnID
        var stride: UInt64
        var count: UInt64
        var cursor: UInt64
    }

    /// Claims up to `wanted` IDs, at least one; nil when the stripe is empty.
    @inline(__always)
    private func claim(_ wanted: UInt64, at base: Int, _ wantsMore: inout Bool) -> Claim? {
        var cursor = words.load(base)
        while true {
            let slot = Self.slot(of: cursor, at: base)
            // How many IDs the segment has after this one: below 2^16 only if the slot has the cursor's segment.
            let after = words.load(slot) &- cursor
            guard after <= Self.indexMask else {
                let now = words.load(base)
                guard now != cursor else { return nil }
                cursor = now
                continue
            }
            let first = words.load(slot + 1)
            let stride = words.load(slot + 2)
            let index = cursor & Self.indexMask
            if index % Self.takesBetweenClocks == 0, words.load(slot + 3) <= BootTime.now.nanoseconds {
                cursor = passOver(cursor, after: after, at: base)
                continue
            }
            let unwatched = Self.takesBetweenClocks - index % Self.takesBetweenClocks
            let count = max(1, min(wanted, unwatched, after / Self.chunkDivisor))
            let next = after == 0 ? (cursor | Self.indexMask) &+ 1 : cursor &+ count
            let (exchanged, original) = words.compareExchange(base, expected: cursor, desired: next)
            if exchanged {
                if after == 0 { wantsMore = next >> Self.indexBits >= words.load(base + Self.lowOffset) }
                if count > 1 { words.store(base + Self.chunkEndOffset, next) }
                return Claim(
                    first: FirnID(rawValue: first &+ index &* stride),
                    stride: stride,
                    count: count,
                    cursor: next
                )
            }
            cursor = original
        }
    }

    /// Drops the rest of a segment; returns the cursor after that.
    @inline(never)
    private func passOver(_ cursor: UInt64, after: UInt64, at base: Int) -> UInt64 {
        let next = (cursor | Self.indexMask) &+ 1
        let (exchanged, original) = words.compareExchange(base, expected: cursor, desired: next)
        guard exchanged else { return original }
        words.add(base + Self.droppedOffset, after + 1)
        return next
    }

    @inline(__always)
    static func slot(of cursor: UInt64, at base: Int) -> Int {
        let index = Int(truncatingIfNeeded: cursor >> indexBits) & (slotsPerStripe - 1)
        return base &+ slotsOffset &+ index &* wordsPerSlot
    }
}
