/// A set of workers, written as numbers and ranges: `0-31,77`.
package struct WorkerSet: Hashable, Sendable {
    /// In increasing order. Between two of them is at least one worker that is not in the set.
    package private(set) var ranges: [ClosedRange<UInt32>] = []

    package init() {}

    package init(_ workers: some Sequence<UInt32>) {
        self.init(ranges: workers.map { $0...$0 })
    }

    /// Ranges may be in any order, and may meet.
    package init(ranges unordered: [ClosedRange<UInt32>]) {
        for range in unordered.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    package var count: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

    /// The highest worker of the set.
    package var last: UInt32? { ranges.last?.upperBound }

    /// All workers of the set, in increasing order.
    package var workers: some Sequence<UInt32> { ranges.lazy.joined() }

    package func contains(_ worker: UInt32) -> Bool {
        ranges.contains { $0.contains(worker) }
    }

    /// How many workers outside of the set are below this one.
    func rank(_ worker: UInt32) -> UInt32 {
        ranges.prefix { $0.lowerBound < worker }
            .reduce(worker) { rank, range in rank - (min(range.upperBound, worker - 1) - range.lowerBound + 1) }
    }

    /// The worker outside of the set with this many others outside of it below: the inverse of ``rank(_:)``.
    func worker(ofRank rank: UInt32) -> UInt32 {
        var worker = rank
        for range in ranges {
            guard range.lowerBound <= worker else { break }
            worker += UInt32(range.count)
        }
        return worker
    }
}

extension WorkerSet: CustomStringConvertible {
    package var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    /// What is wrong with the text of a set, and where.
    package struct ParsingError: Error, Hashable, CustomStringConvertible {
        package var description: String
    }

    /// Reads numbers and ranges with commas between them, without blanks. What is in it twice counts once.
    package init(parsing text: String) throws(ParsingError) {
        var read: [ClosedRange<UInt32>] = []
        var place = 1
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            read.append(try Self.range(part, at: place))
            place += part.count + 1
        }
        self.init(ranges: read)
    }

    private static func range(_ text: Substring, at place: Int) throws(ParsingError) -> ClosedRange<UInt32> {
        guard let dash = text.firstIndex(of: "-") else {
            let worker = try number(text, at: place)
            return worker...worker
        }
        let first = try number(text[..<dash], at: place)
        let last = try number(text[text.index(after: dash)...], at: place + text[...dash].count)
        guard first <= last else {
            throw ParsingError(
                description: "'\(text)' (character \(place)) ends below its start; write \(last)-\(first)"
            )
        }
        return first...last
    }

    private static func number(_ text: Substring, at place: Int) throws(ParsingError) -> UInt32 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw ParsingError(
                description: "'\(text)' (character \(place)) is no worker; write numbers and ranges such as 0-31,77"
            )
        }
        guard let number = UInt32(text) else {
            throw ParsingError(description: "'\(text)' (character \(place)) is above every layout's workers")
        }
        return number
    }
}
