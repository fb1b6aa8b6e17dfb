import Glibc
import Testing

@testable import FirnServer

/// Whoever logs never waits, whatever the reader does.
@Suite struct LogWriterTests {
    /// A pipe, both of its ends, and a writer on it.
    private final class Reading: Sendable {
        let out: Int32
        let writer: LogWriter
        private let `in`: Int32

        init(nonBlocking: Bool = false) {
            signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [0, 0]
            precondition(pipe(&ends) == 0, "a pipe")
            if nonBlocking { _ = fcntl(ends[1], F_SETFL, O_NONBLOCK) }
            (out, `in`) = (ends[0], ends[1])
            writer = LogWriter(descriptor: ends[1]) { "(\($0) dropped)\n" }
        }

        func close() {
            Glibc.close(out)
            writer.stop()
            Glibc.close(`in`)
        }

        /// Reads until a line begins so.
        func lines(until beginning: String) -> [Substring] {
            var text = ""
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                var watched = pollfd(fd: out, events: Int16(POLLIN), revents: 0)
                guard poll(&watched, 1, 20_000) == 1 else { return text.split(separator: "\n") }
                let count = read(out, &bytes, bytes.count)
                guard count > 0 else { return text.split(separator: "\n") }
                text += String(decoding: bytes[..<count], as: UTF8.self)
                let lines = text.split(separator: "\n")
                if text.hasSuffix("\n"), lines.contains(where: { $0.hasPrefix(beginning) }) { return lines }
            }
        }
    }

    @Test func linesArriveInTheirOrder() {
        let reading = Reading()
        for number in 0..<100 { reading.writer.write("\(number)\n") }
        reading.writer.write("end\n")
        #expect(reading.lines(until: "end") == (0..<100).map { "\($0)" } + ["end"])
        #expect(reading.writer.flush(within: .seconds(10)))
        #expect(reading.writer.droppedLines == 0)
        reading.close()
    }

    /// A blocking pipe, and one that somebody else has made non-blocking.
    @Test(arguments: [false, true]) func aReaderThatStandsStillLosesTheNewestLinesAndIsToldHowMany(_ nonBlocking: Bool)
    {
        let reading = Reading(nonBlocking: nonBlocking)
        let filler = String(repeating: "x", count: 999)
        // Far more than a pipe and the queue hold; that this returns at all is the point.
        for number in 0..<2000 { reading.writer.write("\(number) \(filler)\n") }
        #expect(!reading.writer.flush(within: .milliseconds(50)), "nobody reads")
        let dropped = reading.writer.droppedLines
        #expect(dropped > 1000)
        var lines: [Substring] = []
        while !lines.contains(where: { $0.hasPrefix("(") }) { lines += reading.lines(until: "(") }
        // There is room again.
        reading.writer.write("end\n")
        while !lines.contains("end") { lines += reading.lines(until: "end") }
        #expect(lines.contains("(\(dropped) dropped)"))
        #expect(UInt64(lines.count { $0.hasSuffix(filler) }) == 2000 - dropped)
        let numbers = lines.filter { $0.hasSuffix(filler) }.compactMap { Int($0.prefix { $0.isNumber }) }
        #expect(numbers == Array(0..<numbers.count), "the oldest, in their order")
        reading.close()
    }

    @Test func aReaderThatHasGoneHoldsUpNobody() {
        let reading = Reading()
        Glibc.close(reading.out)
        for number in 0..<3000 { reading.writer.write("\(number)\n") }
        #expect(reading.writer.flush(within: .seconds(60)), "it has failed, and there is nothing to wait for")
        #expect(reading.writer.droppedLines >= 1000)
        reading.writer.stop()
    }

    @Test func aClosedDescriptorHoldsUpNobody() {
        let writer = LogWriter(descriptor: -1) { "(\($0) dropped)\n" }
        writer.write("nobody reads this\n")
        #expect(writer.flush(within: .seconds(60)))
        writer.stop()
    }
}
