import FirnEngine
import FirnLayout
import FirnWindows
import FirnWire
import Synchronization
import Testing

@testable import FirnServer

/// What a shard counts of its calls.
@Suite struct ShardMeterTests {
    /// What a reactor does when a wake-up's answers are due.
    private func deliver(_ host: ScriptedHost, after nanoseconds: Int64 = 5_000) {
        host.service.recorder?.count()
        host.service.recorder?.sent(after: nanoseconds)
    }

    @Test func callsAreCountedByMethodAndCode() {
        let host = ScriptedHost(layout: .snowflake)
        let peer = host.connect()
        peer.call(singleCalls(100))
        peer.call(200, .nextBatch(count: 7))
        peer.call(201, .nextBatch(count: 0))
        peer.call(202, .describe)
        peer.receive(ScriptedPeer.frame([0x08, 0x01]))
        peer.call(204, .newPrefix(service: Name("shop")!))
        deliver(host)
        let reading = host.meter.reading
        #expect(reading.calls(.nextID, .ok) == 100)
        #expect(reading.calls(.nextBatch, .ok) == 1)
        #expect(reading.calls(.nextBatch, .invalidArgument) == 1)
        #expect(reading.calls(.describe, .ok) == 1)
        #expect(reading.calls(.other, .unimplemented) == 1)
        #expect(reading.calls(.newPrefix, .unimplemented) == 1)
        #expect(reading.allCalls == 105)
        #expect(reading.failedCalls == 3)
        #expect(reading.ids == 107)
        #expect(reading.tickWaits == 0)
        #expect(reading.latency.count == 105, "every call's time counts once")
    }

    @Test func aWakeUpsTimeCountsForEachOfItsCalls() {
        let host = ScriptedHost(layout: .snowflake)
        host.connect().call(singleCalls(3))
        deliver(host, after: 2_500)
        host.advance()
        host.connect().call(singleCalls(2))
        deliver(host, after: 2_501)
        let latency = host.meter.reading.latency
        #expect(latency.counts[1] == 3, "a bound lies within its bucket")
        #expect(latency.counts[2] == 2)
        #expect(latency.sumNanoseconds == 3 * 2_500 + 2 * 2_501)
    }

    @Test func aCallThatWaitsIsTimedFromWhenItWasRead() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call(singleCalls(2))
        deliver(host)
        #expect(host.meter.reading.tickWaits == 2)
        #expect(host.meter.reading.allCalls == 0)
        #expect(host.meter.reading.latency.count == 0)
        host.advance(milliseconds: 1)
        peer.takeTurn()
        deliver(host)
        let reading = host.meter.reading
        #expect(reading.calls(.nextID, .ok) == 2)
        #expect(reading.ids == 2)
        #expect(reading.latency.sumNanoseconds == 2_000_000)
        #expect(reading.tickWaits == 2)
    }

    @Test func callsThatEndInNothingAreCountedToo() {
        let host = ScriptedHost()
        let peer = host.connect()
        host.useUpTick()
        peer.call(1, .nextID, timeoutMilliseconds: 5)
        peer.call(2, .nextBatch(count: 3))
        host.advance(milliseconds: 5)
        host.useUpTick()
        peer.takeTurn()
        #expect(host.meter.reading.calls(.nextID, .deadlineExceeded) == 1)
        peer.failCalls(Status(.unavailable, "stopping"))
        #expect(host.meter.reading.calls(.nextBatch, .unavailable) == 1)
        #expect(host.meter.reading.ids == 0)

        let closed = ScriptedHost(windowTicks: 0)
        closed.connect().call(singleCalls(4))
        #expect(closed.meter.reading.calls(.nextID, .unavailable) == 4)
        #expect(closed.meter.reading.tickWaits == 0)
    }

    @Test func sequencesAreCountedByTheirValues() throws {
        let host = try SequenceHost()
        defer { host.sequences.stop() }
        let meter = ShardMeter()
        let peer = try host.reactor(recorder: CallRecorder(meter)).connect()
        #expect(peer.tickets("invoices", 5) == [1, 2, 3, 4, 5])
        _ = peer.call(.newPrefix(service: Name("shop")!))
        #expect(peer.tickets("invoices", 0).isEmpty)
        _ = peer.call(.listSequences(after: nil))
        #expect(meter.reading.calls(.nextTickets, .ok) == 1)
        #expect(meter.reading.calls(.nextTickets, .invalidArgument) == 1)
        #expect(meter.reading.calls(.newPrefix, .ok) == 1)
        #expect(meter.reading.calls(.listSequences, .ok) == 1)
        #expect(meter.reading.sequenceValues == 6)
        #expect(meter.reading.ids == 0)
    }

    /// Each thread writes its own meter while another adds them up all the time.
    @Test func sumsAreExactOnceTheThreadsHaveEnded() {
        let meters = (0..<4).map { _ in ShardMeter() }
        let done = Atomic(false)
        let reader = NativeThread(name: "reader") {
            var last: UInt64 = 0
            while !done.load(ordering: .acquiring) {
                let sum = meters.reduce(0) { $0 + $1.reading.ids }
                precondition(sum >= last, "a counter fell")
                last = sum
            }
        }
        let writers = meters.map { meter in
            NativeThread(name: "writer") {
                let recorder = CallRecorder(meter)
                for round in 1...20_000 {
                    for _ in 0..<5 { recorder.gaveSingle() }
                    recorder.ended(.nextBatch, .ok, began: 0, now: 0)
                    recorder.ended(.nextBatch, .unavailable, began: 0, now: Int64(round))
                    recorder.count()
                    recorder.sent(after: Int64(round))
                }
            }
        }
        writers.forEach { $0.join() }
        done.store(true, ordering: .releasing)
        reader.join()
        for reading in meters.map(\.reading) {
            #expect(reading.ids == 100_000)
            #expect(reading.allCalls == 140_000)
            #expect(reading.failedCalls == 20_000)
            #expect(reading.latency.count == 140_000)
            #expect(reading.latency.sumNanoseconds == 7 * (20_000 * 20_001 / 2))
        }
    }

    @Test func aSharedHistogramLosesNothing() {
        final class Shared: Sendable {
            let histogram = LatencyHistogram()
            let ready = Atomic(0)
        }
        let shared = Shared()
        let threads = (0..<4).map { index in
            NativeThread(name: "writer") {
                // All at once, or each would be through before the next has begun.
                shared.ready.wrappingAdd(1, ordering: .relaxed)
                while shared.ready.load(ordering: .relaxed) < 4 {}
                for _ in 0..<200_000 { shared.histogram.observeShared(nanoseconds: index == 0 ? -1 : 20_000_000_000) }
            }
        }
        threads.forEach { $0.join() }
        let reading = shared.histogram.reading
        #expect(reading.counts.first == 200_000, "less than nothing counts as nothing")
        #expect(reading.counts.last == 600_000)
        #expect(reading.sumNanoseconds == 600_000 * 20_000_000_000)
    }

    @Test func aShareOfAllStaysWithinABound() {
        let histogram = LatencyHistogram()
        #expect(histogram.reading.bound(ofShare: 0.5) == nil)
        histogram.observe(nanoseconds: 900, count: 98)
        histogram.observe(nanoseconds: 40_000)
        histogram.observe(nanoseconds: 60_000_000_000)
        #expect(histogram.reading.bound(ofShare: 0.5) == 1_000)
        #expect(histogram.reading.bound(ofShare: 0.99) == 50_000)
        #expect(histogram.reading.bound(ofShare: 1) == nil, "longer than any bound")
    }
}
