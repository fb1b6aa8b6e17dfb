import FirnLayout
import FirnServer
import FirnStore
import FirnWire
import Testing

/// Sequences of every kind, their ends, and what a name cannot be at once.
@Suite struct SequenceKindTests {
    private static func named(
        _ name: String,
        _ kind: SequenceDescription.Kind = .plain,
        next: UInt64 = 0,
        increment: UInt64 = 1,
        offset: UInt64 = 0,
        maximum: UInt64 = 0
    ) -> SequenceDescription {
        SequenceDescription(
            name: Name(name)!,
            kind: kind,
            next: next,
            increment: increment,
            offset: offset,
            maximum: maximum
        )
    }

    private static func withPeer(
        _ configure: (inout Sequences.Configuration) -> Void = { _ in },
        _ body: (SequencePeer, SequenceHost) throws -> Void
    ) throws {
        let host = try SequenceHost(configure)
        defer { host.sequences.stop() }
        try body(try host.reactor().connect(), host)
    }

    /// Two ticket servers, one of odd and one of even numbers, as Flickr ran them.
    @Test func oddAndEvenTickets() throws {
        try Self.withPeer { peer, _ in
            #expect(peer.create(Self.named("odd", increment: 2, offset: 1))?.sequence?.next == 1)
            #expect(peer.create(Self.named("even", increment: 2, offset: 0))?.sequence?.next == 2)
            #expect((0..<4).flatMap { _ in peer.tickets("odd") } == [1, 3, 5, 7])
            #expect((0..<4).flatMap { _ in peer.tickets("even") } == [2, 4, 6, 8])
            #expect(peer.tickets("odd", 5) == [9, 11, 13, 15, 17])
        }
    }

    /// Pinterest's published ID: shard 3429, type 1, local 7075733.
    @Test func pinterestsPublishedID() throws {
        try Self.withPeer { peer, _ in
            let pins = Self.named("pins", .pinterest(shard: 3429, type: 1), next: 7_075_733)
            #expect(peer.create(pins)?.sequence?.kind == pins.kind)
            #expect(peer.tickets("pins") == [241_294_492_511_762_325])
            #expect(peer.tickets("pins", 2) == [241_294_492_511_762_326, 241_294_492_511_762_327])
        }
    }

    @Test func theNearestToTheirEndAreNamedFirst() throws {
        try Self.withPeer { peer, host in
            _ = peer.create(Self.named("half", next: 51, maximum: 100))
            _ = peer.create(Self.named("tenth", next: 11, maximum: 100))
            #expect(host.sequences.nearestToTheirEnd(5).isEmpty, "only those that values were taken of are in memory")
            for name in ["tenth", "half", "endless"] { #expect(peer.tickets(name).count == 1) }
            let usages = host.sequences.nearestToTheirEnd(5)
            #expect(usages.map(\.name) == ["half", "tenth", "endless"])
            #expect(usages.map { (100 * $0.share).rounded() } == [51, 11, 0])
            #expect(host.sequences.nearestToTheirEnd(1).map(\.name) == ["half"])
        }
    }

    @Test func aPinterestSequenceEndsWithItsThirtySixBits() throws {
        try Self.withPeer { peer, _ in
            let last: UInt64 = 1 << 36 - 1
            for (name, shard, type) in [("low", 0, 0), ("high", 65_535, 1023)] as [(String, UInt32, UInt32)] {
                _ = peer.create(Self.named(name, .pinterest(shard: shard, type: type), next: last - 2))
                let base = UInt64(shard) << 46 | UInt64(type) << 36
                let tooMany = peer.call(.nextTickets(sequence: Name(name)!, count: 4))
                #expect(tooMany?.status?.code == .failedPrecondition)
                #expect(peer.tickets(name, 2) == [base + last - 2, base + last - 1])
                #expect(peer.tickets(name) == [base + last])
                // The next one would have another type in it.
                let end = peer.call(.nextTickets(sequence: Name(name)!, count: 1))
                #expect(end?.status?.code == .failedPrecondition)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 100] as [UInt64])
    func atItsMaximumASequenceEndsAndDoesNotWrap(_ block: UInt64) throws {
        try Self.withPeer({ $0.keeper.fixedBlock = block }) { peer, host in
            for maximum in [10, UInt64.max] {
                let name = "to.\(maximum)"
                _ = peer.create(Self.named(name, next: maximum - 9, maximum: maximum))
                #expect(peer.tickets(name, 4) == (0..<4).map { maximum - 9 + $0 })
                let tooMany = peer.call(.nextTickets(sequence: Name(name)!, count: 7))
                #expect(tooMany?.status?.code == .failedPrecondition)
                #expect(tooMany?.status?.message.contains(name) == true)
                // It used nothing.
                #expect((0..<6).flatMap { _ in peer.tickets(name) } == (0..<6).map { maximum - 5 + $0 })
                for count: UInt32 in [1, 1, 65_536] {
                    let end = peer.call(.nextTickets(sequence: Name(name)!, count: count))
                    #expect(end?.status?.code == .failedPrecondition)
                }
                let reserved = try host.record(name)?.reserved
                #expect(reserved == maximum)
            }
        }
    }

    @Test func aNameIsOfOneUse() throws {
        try Self.withPeer { peer, _ in
            #expect(peer.tickets("orders") == [1])
            #expect(peer.call(.newPrefix(service: Name("web")!))?.prefix == "web-1")
            let prefix = peer.call(.newPrefix(service: Name("orders")!))?.status
            #expect(prefix?.code == .failedPrecondition && prefix?.message.contains("NextTickets") == true)
            let tickets = peer.call(.nextTickets(sequence: Name("web")!, count: 1))?.status
            #expect(tickets?.code == .failedPrecondition && tickets?.message.contains("NewPrefix") == true)
            // Neither refusal used a value.
            #expect(peer.tickets("orders") == [2])
            #expect(peer.call(.newPrefix(service: Name("web")!))?.prefix == "web-2")
        }
    }

    @Test func explicitSequencesHaveToBeMade() throws {
        try Self.withPeer({ $0.isExplicit = true }) { peer, host in
            let orders = Name("orders")!
            for method in [Request.Method.nextTickets(sequence: orders, count: 1), .newPrefix(service: orders)] {
                let status = peer.call(method)?.status
                #expect(status?.code == .failedPrecondition)
                #expect(status?.message.contains("firn sequence create orders") == true)
            }
            let record = try host.record("orders")
            #expect(record == nil)
            #expect(peer.create(Self.named("orders"))?.sequence != nil)
            #expect(peer.tickets("orders") == [1], "it is known at once")
        }
    }

    @Test func definitionsOfNothingAreRefused() throws {
        try Self.withPeer { peer, host in
            let refused = [
                Self.named("x", increment: 0), Self.named("x", increment: 2, offset: 2),
                Self.named("x", increment: 2, offset: .max), Self.named("x", next: 11, maximum: 10),
                Self.named("x", increment: .max, offset: 0, maximum: 10), Self.named("x", .prefix, increment: 2),
                Self.named("x", .pinterest(shard: 65_536, type: 0)), Self.named("x", .pinterest(shard: 0, type: 1024)),
                Self.named("x", .pinterest(shard: .max, type: .max)),
                Self.named("x", .pinterest(shard: 1, type: 1), maximum: 1 << 36),
                Self.named("x", .pinterest(shard: 1, type: 1), next: 1 << 36),
            ]
            for sequence in refused {
                let status = peer.create(sequence)?.status
                #expect(status?.code == .invalidArgument, "\(sequence)")
                #expect(status?.message.contains("the sequence x") == true)
            }
            let record = try host.record("x")
            #expect(record == nil)
        }
    }

    @Test func aStartIsNeverMovedBelowWhatWasGiven() throws {
        try Self.withPeer({ $0.keeper.fixedBlock = 10 }) { peer, _ in
            #expect(peer.create(Self.named("orders", next: 1001))?.sequence?.next == 1001)
            #expect(peer.tickets("orders") == [1001])
            for start: UInt64 in [1, 1000, 1002, 1010] {
                let status = peer.create(Self.named("orders", next: start))?.status
                #expect(status?.code == .failedPrecondition, "\(start)")
            }
            #expect(peer.create(Self.named("orders", next: 1001))?.sequence != nil, "asked for again")
            #expect(peer.create(Self.named("orders", next: 5000))?.sequence?.next == 5000)
            #expect(peer.create(Self.named("orders", increment: 2))?.status?.code == .failedPrecondition)
            var given: [UInt64] = []
            while given.last ?? 0 < 5003 { given += peer.tickets("orders") }
            #expect(strictlyRise(given) && given.suffix(4) == [5000, 5001, 5002, 5003])
            #expect(given.filter { $0 < 5000 }.allSatisfy { (1002...1020).contains($0) })
        }
    }

    @Test func aListComesInPagesOfNamesInOrder() throws {
        try Self.withPeer { peer, _ in
            let names = (0..<600).map { "s.\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for name in names.shuffled() { _ = peer.create(Self.named(name)) }
            var listed: [String] = []
            var pages = 0
            var after: Name?
            var more = true
            while more, pages < 10 {
                guard case .listSequences(let page, let goesOn) = peer.call(.listSequences(after: after)) else { break }
                listed += page.map(\.name.description)
                after = page.last?.name
                more = goesOn
                pages += 1
            }
            #expect(listed == names && pages == 3)
        }
    }
}
