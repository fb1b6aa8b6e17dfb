import FirnLayout
import FirnWire
import Foundation
import Synchronization

/// Runs of IDs as clients got them, and whether any ID is in two of them or fell.
struct Harvest: Sendable {
    /// Consecutive IDs, all of one worker and tick: layouts with the sequence lowest.
    struct Span: Sendable {
        var first: UInt64
        var last: UInt64
    }

    let layout: Layout
    private(set) var count = 0
    private(set) var duplicates = 0
    /// IDs that were not above all that their worker had given out in earlier rounds.
    private(set) var fallen = 0
    private var highest: [UInt64: UInt64] = [:]

    init(layout: Layout) {
        precondition(layout.runStride == 1, "spans are of neighbours")
        self.layout = layout
    }

    /// Counts one round: all that any client got between a daemon's start and its end.
    ///
    /// Within a round spans must not overlap, and each must lie above all earlier rounds' of its worker. Together that
    /// is uniqueness over all rounds: equal IDs have equal workers.
    mutating func add(_ round: [Span]) {
        var previous: UInt64?
        var highestNow = highest
        for span in round.sorted(by: { $0.first < $1.first }) {
            if let previous, span.first <= previous { duplicates += Int(min(previous, span.last) - span.first) + 1 }
            previous = max(previous ?? 0, span.last)
            count += Int(span.last - span.first) + 1
            let worker = layout.decode(FirnID(rawValue: span.first)).worker ?? 0
            if let before = highest[worker], span.first <= before { fallen += 1 }
            highestNow[worker] = max(highestNow[worker] ?? 0, span.last)
        }
        highest = highestNow
    }
}

/// Clients that ask a socket for IDs as fast as they can, connect again when it breaks, and keep what they got.
final class Reapers: Sendable {
    private struct Basket {
        var spans: [Harvest.Span] = []
        var problem: String?
    }

    private let basket = Mutex(Basket())
    private let clients = Clients()

    /// Starts clients that ask for single IDs, some of them many at once, and others for batches.
    init(of socketPath: String, singles: Int = 2, pipelined: Int = 1, batches: Int = 1) {
        for _ in 0..<singles { start(socketPath) { _ in [.nextID] } }
        for _ in 0..<pipelined { start(socketPath) { _ in [Request.Method](repeating: .nextID, count: 32) } }
        for number in 0..<batches {
            start(socketPath) { turn in
                [.nextBatch(count: UInt32(1 + (turn * 7919 + number * 104_729) % 3000)), .nextID]
            }
        }
    }

    private func start(_ path: String, asking calls: @escaping @Sendable (Int) -> [Request.Method]) {
        clients.start(path) { [self] in ask($0, calls($1), &$2) }
    }

    /// Makes some calls at once and keeps the answers.
    ///
    /// - Returns: false when the connection is of no more use.
    private func ask(_ peer: Peer, _ calls: [Request.Method], _ last: inout UInt64) -> Bool {
        var spans: [Harvest.Span] = []
        defer {
            if !spans.isEmpty { basket.withLock { $0.spans += spans } }
        }
        do {
            try peer.send(calls.enumerated().flatMap { Peer.frame($1, callID: UInt64($0 + 1)) })
            var answered = 0
            var mayGoOn = true
            var isRefused = false
            while answered < calls.count {
                let response = try peer.answer()
                answered += 1
                switch response.outcome {
                case .nextID(let id):
                    try keep(Harvest.Span(first: id.rawValue, last: id.rawValue), in: &spans, after: &last)
                case .nextBatch(let runs):
                    for run in runs {
                        try keep(
                            Harvest.Span(first: run.first.rawValue, last: run.last.rawValue),
                            in: &spans,
                            after: &last
                        )
                    }
                // A daemon that has no worker yet, or no longer.
                case .error(let status) where status.code == .unavailable: isRefused = true
                case .goAway:
                    answered -= 1
                    mayGoOn = false
                default: throw TestFailure("call \(answered): \(response)")
                }
            }
            // Else it would keep a processor busy with asking for as long as the daemon waits.
            if isRefused { sleep(.milliseconds(1)) }
            return mayGoOn
        } catch is Peer.Failure {
            return false
        } catch {
            basket.withLock { $0.problem = "\(error)" }
            return false
        }
    }

    private func keep(_ span: Harvest.Span, in spans: inout [Harvest.Span], after last: inout UInt64) throws {
        if span.first <= last { throw TestFailure("\(span.first) came after \(last) on one connection") }
        last = span.last
        spans.append(span)
    }

    /// Waits until all have read a dead daemon's last answers.
    func haveNoticed() throws {
        try clients.haveNoticed()
    }

    /// What was got since the last time.
    func takeAll() throws -> [Harvest.Span] {
        let (spans, problem) = basket.withLock { basket in
            defer { basket.spans.removeAll(keepingCapacity: true) }
            return (basket.spans, basket.problem)
        }
        if let problem { throw TestFailure(problem) }
        return spans
    }

    func stop() throws {
        try clients.stop()
    }
}
