import Testing

@testable import FirnServer

/// Lines wait, within limits, and what is missing is told where it is missing.
@Suite struct LogQueueTests {
    private func line(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func drain(_ queue: inout LogQueue) -> [LogQueue.Entry] {
        var entries: [LogQueue.Entry] = []
        while let entry = queue.next() { entries.append(entry) }
        return entries
    }

    @Test func linesComeOutInTheirOrder() {
        var queue = LogQueue()
        queue.append(line("a"))
        queue.append(line("b"))
        #expect(drain(&queue) == [.line(line("a")), .line(line("b"))])
        #expect(queue.isEmpty && queue.droppedInAll == 0)
    }

    @Test func theOldestAreKeptAndTheCountStandsWhereTheOthersWere() {
        var queue = LogQueue()
        for number in 0..<LogQueue.maximumLines + 7 { queue.append(line("\(number)")) }
        #expect(queue.droppedInAll == 7)
        // Until half of it is read, all that comes is counted: one notice for a trouble.
        for _ in 0..<LogQueue.maximumLines / 2 - 1 { _ = queue.next() }
        queue.append(line("still too many"))
        _ = queue.next()
        queue.append(line("again"))
        let rest = drain(&queue)
        #expect(rest.count == LogQueue.maximumLines / 2 + 2)
        #expect(rest.suffix(2) == [.dropped(8), .line(line("again"))])
        #expect(queue.droppedInAll == 8)
    }

    @Test func bytesAreBoundedToo() {
        var queue = LogQueue()
        let long = [UInt8](repeating: 0x61, count: LogQueue.maximumBytes / 4)
        for _ in 0..<6 { queue.append(long) }
        #expect(queue.droppedInAll == 2)
        #expect(drain(&queue).last == .dropped(2))
        // One that is longer than all of it is written where nothing waits.
        queue.append([UInt8](repeating: 0x61, count: 2 * LogQueue.maximumBytes))
        #expect(queue.droppedInAll == 2)
    }

    @Test func whatCouldNotBeWrittenComesFirstAgain() {
        var queue = LogQueue()
        queue.append(line("a"))
        queue.append(line("b"))
        let first = queue.next()!
        queue.putBack(first)
        #expect(drain(&queue) == [.line(line("a")), .line(line("b"))])
        queue.putBack(.dropped(3))
        queue.putBack(.dropped(2))
        #expect(drain(&queue) == [.dropped(5)])
    }
}

/// The same message again and again, by a clock that the test turns.
@Suite struct LogThrottleTests {
    private let second: Int64 = 1_000_000_000

    @Test func theFirstFewAreWrittenThenOneAMinuteWithACount() {
        var throttle = LogThrottle()
        // Twice a second for ten minutes, as with no descriptors left.
        var written: [(at: Int64, leftOut: UInt64)] = []
        for turn in 0..<1200 {
            let now = Int64(turn) * second / 2
            if case .written(let leftOut) = throttle.judge(LogKind("no descriptors"), now: now) {
                written.append((now, leftOut))
            }
        }
        #expect(written.count == LogThrottle.burst + 9)
        #expect(written.prefix(LogThrottle.burst).allSatisfy { $0.leftOut == 0 })
        #expect(written.reduce(0) { $0 + $1.leftOut } + UInt64(written.count) + throttle.takeLeftOut()[0].count == 1200)
        #expect(throttle.takeLeftOut().isEmpty, "told once")
        let pauses = zip(written.dropFirst(LogThrottle.burst), written.dropFirst(LogThrottle.burst + 1))
            .map { $1.at - $0.at }
        #expect(pauses.allSatisfy { $0 == 60 * second })
    }

    @Test func kindsAreApartAndAQuietOneIsWholeAgain() {
        var throttle = LogThrottle()
        for _ in 0..<100 { _ = throttle.judge(LogKind("a"), now: 0) }
        #expect(throttle.judge(LogKind("a"), now: second) == .leftOut)
        #expect(throttle.judge(LogKind("b"), now: second) == .written(leftOut: 0))
        let later = 3600 * second
        #expect(throttle.judge(LogKind("a"), now: later) == .written(leftOut: 96))
        for _ in 1..<LogThrottle.burst { #expect(throttle.judge(LogKind("a"), now: later) == .written(leftOut: 0)) }
        #expect(throttle.judge(LogKind("a"), now: later) == .leftOut)
    }

    @Test func oneDoorHidesNothingOfAnother() {
        var throttle = LogThrottle()
        let wrong = LogKind("refused", door: "http", reason: "wrong")
        for _ in 0..<100 { _ = throttle.judge(wrong, now: 0) }
        for (door, reason) in [("grpc", "wrong"), ("http", "scope")] {
            #expect(throttle.judge(LogKind("refused", door: door, reason: reason), now: 1) == .written(leftOut: 0))
        }
        #expect(throttle.judge(wrong, now: 1) == .leftOut)
        #expect(throttle.takeLeftOut().map(\.kind) == [wrong])
        // Where there is no door, a reason is a text.
        #expect(LogKind("a", reason: "b") == LogKind("a", reason: "c"))
    }

    @Test func manyMessagesTakeBoundedMemoryAndAreAllWritten() {
        var throttle = LogThrottle()
        for number in 0..<10 * LogThrottle.maximumKinds {
            #expect(throttle.judge(LogKind("message \(number)"), now: Int64(number)) == .written(leftOut: 0))
        }
    }
}
