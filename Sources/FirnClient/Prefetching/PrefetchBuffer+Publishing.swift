internal import FirnLayout
internal import Synchronization

// MARK: - Publishing

extension PrefetchBuffer {
    /// Adds IDs to a stripe, to be taken after those that it has.
    ///
    /// - Parameters:
    ///   - run: IDs that were given to no one else.
    ///   - pieces: The approximate number of segments to divide it into: a low stripe is noticed between segments.
    ///   - expiry: When the IDs are too old; not before those of the segments in the stripe.
    /// - Returns: How many of the IDs were added, from the first on; there was no room for the others.
    @discardableResult
    func publish(_ run: Run, pieces: Int = 1, to stripe: Int, expiry: BootTime) -> Int {
        publishers.withLock { publishers in
            let base = stripe * Self.wordsPerStripe
            let runCount = Int(run.count)
            let longest = min(max(1, (runCount + pieces - 1) / max(1, pieces)), Self.maximumSegment)
            var published = 0
            // The cursor decides which slots are free. It only rises, so more may be free by now.
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

    /// Has takes report that a stripe is low once at most `mark` IDs are left in it, to within a segment.
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

    /// How full the stripes are. A snapshot: threads take IDs meanwhile.
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
                // A take counts what it dropped after it has moved the cursor; until then that counts as taken.
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

    /// Makes threads drop their chunks; costs one more ID for each stripe that may have one.
    ///
    /// Takes from a chunk are not counted one by one. After this a thread has to claim a chunk to take, and claims are
    /// counted: so ``levels()``, read each time after this, shows every stripe that was used since the last time.
    func revokeChunks() {
        for stripe in 0..<stripeCount {
            let base = stripe * Self.wordsPerStripe
            let cursor = words.load(base)
            guard words.load(base + Self.chunkEndOffset) == cursor else { continue }
            // No chunk reaches the end of its segment, so the next ID is in the same segment.
            let (exchanged, _) = words.compareExchange(base, expected: cursor, desired: cursor + 1)
            if exchanged { words.add(base + Self.droppedOffset, 1) }
        }
    }

    /// Drops everything: nothing is published or taken any more.
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
