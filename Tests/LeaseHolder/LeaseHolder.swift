import FirnLayout
import FirnLeases
import FirnTestSupport
import Foundation
import Synchronization

/// A process that mints on a leased worker until SIGTERM, for tests that stop it and kill it.
///
///     firn-lease-holder PATH WINDOW-MILLISECONDS THREADS ADDRESS…
///
/// What it minted goes to files that begin with PATH, as pairs of the first and the last of consecutive IDs: what
/// is not in a file when it is killed was given to nobody. On SIGUSR1 it forks, and the child tries to mint. Its output
/// says what becomes of the minter; a line that begins with `error: ` is something that a caller noticed.
@main enum LeaseHolder {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 5, let window = Int(arguments[2]), let threads = Int(arguments[3]) else {
            say("error: give PATH WINDOW-MILLISECONDS THREADS ADDRESS…")
            exit(64)
        }
        // Made before a handler can run.
        _ = (Signals.stop.load(ordering: .relaxed), Signals.fork.load(ordering: .relaxed))
        signal(SIGTERM) { _ in Signals.stop.store(true, ordering: .relaxed) }
        signal(SIGUSR1) { _ in Signals.fork.store(true, ordering: .relaxed) }

        let addresses = try arguments[4...].map { try FirnAddress(parsing: $0) }
        var calls = FirnClientConfiguration()
        calls.timeout = .seconds(10)
        var configuration = MinterConfiguration()
        configuration.window = .milliseconds(window)
        configuration.timeout = .seconds(2)
        configuration.onEvent = { say("\($0.level): \($0)") }
        try await withFirnClient(addresses: addresses, configuration: calls) { [configuration] client in
            let minter = try await client.minter(name: "lease-holder", configuration: configuration)
            try await mint(with: minter, threads: threads, into: arguments[1])
        }
    }

    private static func mint(with minter: Minter, threads: Int, into path: String) async throws {
        let outputs = try (0..<threads).map { try Output("\(path).\($0)") }
        let (line, child) = (try Output("\(path).line"), try Output("\(path).child"))
        let running = Atomic(threads)
        for output in outputs {
            Thread {
                mint(with: minter, into: output)
                running.wrappingSubtract(1, ordering: .releasing)
            }
            .start()
        }
        var last: FirnID?
        while !Signals.isStopped || running.load(ordering: .acquiring) > 0 {
            if Signals.fork.exchange(false, ordering: .relaxed) { fork(minter, into: child) }
            if !Signals.isStopped {
                do {
                    let id = try await minter.next()
                    if let last, id <= last { say("error: \(id) came after \(last)") }
                    last = id
                    line.append([Span(id)])
                } catch {
                    say("error: \(error)")
                }
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        await minter.close()
    }

    /// Single IDs and runs, in bursts, so that a signal mostly comes while it mints.
    private static func mint(with minter: Minter, into output: Output) {
        var turn = 0
        var last: FirnID?
        var spans: [Span] = []
        while !Signals.isStopped {
            spans.removeAll(keepingCapacity: true)
            while spans.count < 16, let span = next(of: minter, turn: turn) {
                if let last, span.first <= last { say("error: \(span.first) came after \(last)") }
                last = span.last
                spans.append(span)
                turn += 1
            }
            output.append(spans)
            usleep(spans.count < 16 ? 1000 : 500)
        }
    }

    private static func next(of minter: Minter, turn: Int) -> Span? {
        turn % 2 == 0
            ? minter.tryNext().map(Span.init)
            : minter.tryNextRun(upTo: 1 + turn % 40).map { Span(first: $0.first, last: $0.last) }
    }

    private static func fork(_ minter: Minter, into output: Output) {
        let mintsNothing = inForkedChild {
            var spans: [Span] = []
            for turn in 0..<20_000 {
                if let span = next(of: minter, turn: turn) { spans.append(span) }
            }
            output.append(spans)
            return spans.isEmpty && minter.worker == nil && minter.timeLeft == .zero
        }
        say("the child mints nothing: \(mintsNothing.map { "\($0)" } ?? "it did not end well")")
    }
}

enum Signals {
    static let stop = Atomic(false)
    static let fork = Atomic(false)

    static var isStopped: Bool { stop.load(ordering: .relaxed) }
}

struct Span {
    var first: FirnID
    var last: FirnID

    init(first: FirnID, last: FirnID) {
        (self.first, self.last) = (first, last)
    }

    init(_ id: FirnID) {
        self.init(first: id, last: id)
    }
}

/// A file that is written without a buffer: what was written is there however the process ends.
struct Output: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CocoaError(.fileNoSuchFile) }
    }

    func append(_ spans: [Span]) {
        guard !spans.isEmpty else { return }
        let numbers = spans.flatMap { [$0.first.rawValue, $0.last.rawValue] }
        let count = numbers.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == numbers.count * 8 else { fatalError("what was minted could not be written") }
    }
}

func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
