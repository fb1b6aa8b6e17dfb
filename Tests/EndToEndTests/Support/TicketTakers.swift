import FirnLayout
import FirnWire
import Foundation
import Synchronization

/// Clients that take tickets and prefixes as fast as they can, connect again when it breaks, and keep what they got.
final class TicketTakers: Sendable {
    private struct Basket {
        /// Values by sequence; of a prefix its number.
        var values: [String: [UInt64]] = [:]
        var problem: String?
    }

    private let basket = Mutex(Basket())
    private let clients = Clients()

    /// Starts clients: single tickets, many tickets in flight, batches, and prefixes.
    init(of socketPath: String, tickets: Name, service: Name) {
        start(socketPath) { _ in [.nextTickets(sequence: tickets, count: 1)] }
        start(socketPath) { _ in Array(repeating: .nextTickets(sequence: tickets, count: 1), count: 16) }
        start(socketPath) { turn in [.nextTickets(sequence: tickets, count: UInt32(1 + turn * 7 % 50)), .nextID] }
        start(socketPath) { _ in [.newPrefix(service: service), .nextTickets(sequence: tickets, count: 2)] }
    }

    private func start(_ path: String, asking calls: @escaping @Sendable (Int) -> [Request.Method]) {
        clients.start(path) { [self] in ask($0, calls($1), &$2) }
    }

    /// - Returns: false when the connection is of no more use.
    private func ask(_ peer: Peer, _ calls: [Request.Method], _ last: inout UInt64) -> Bool {
        do {
            try peer.send(calls.enumerated().flatMap { Peer.frame($1, callID: UInt64($0 + 1)) })
            var answered = 0
            while answered < calls.count {
                let response = try peer.answer()
                answered += 1
                switch (response.outcome, response.callID > 0 ? calls[Int(response.callID) - 1] : nil) {
                case (.nextTickets(let runs), .nextTickets(let name, let count)):
                    let values = runs.flatMap { $0.map(\.rawValue) }
                    guard values.count == Int(count) else { throw TestFailure("\(values.count) of \(count)") }
                    for value in values {
                        guard value > last else { throw TestFailure("\(value) came after \(last)") }
                        last = value
                    }
                    basket.withLock { $0.values[name.description, default: []] += values }
                case (.newPrefix(let prefix), .newPrefix(let service)):
                    guard let number = UInt64(prefix.dropFirst("\(service)-".count)) else {
                        throw TestFailure(prefix)
                    }
                    basket.withLock { $0.values[service.description, default: []].append(number) }
                case (.nextID, _): break
                case (.error(let status), _) where status.code == .unavailable: break
                case (.goAway, _): return false
                default: throw TestFailure("\(response)")
                }
            }
            return true
        } catch is Peer.Failure {
            return false
        } catch {
            basket.withLock { $0.problem = "\(error)" }
            return false
        }
    }

    /// Waits until all have read a dead daemon's last answers.
    func haveNoticed() throws {
        try clients.haveNoticed()
    }

    /// What was got since the last time.
    func takeAll() throws -> [String: [UInt64]] {
        let (values, problem) = basket.withLock { basket in
            defer { basket.values.removeAll() }
            return (basket.values, basket.problem)
        }
        if let problem { throw TestFailure(problem) }
        return values
    }

    func stop() throws { try clients.stop() }
}
