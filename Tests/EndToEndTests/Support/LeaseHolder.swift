import FirnLayout
import FirnTestSupport
import Foundation
import Synchronization

/// A process that mints on a leased worker, and writes what it minted to files: `firn-lease-holder`, see there. Killed
/// at the end, whatever the test did.
final class LeaseHolder: Sendable {
    private let program: Program
    private let path: String

    private static let starts = Atomic(0)
    private static let threads = 2

    /// - Parameter sockets: of daemons that lease; the first is asked first.
    init(in scratch: Scratch, of sockets: [String], window: Duration = .seconds(1)) throws {
        let name = "holder-\(Self.starts.wrappingAdd(1, ordering: .relaxed).newValue)"
        path = scratch.file(name)
        program = try Program(
            [Command.product("firn-lease-holder").path, path, "\(Int(window.milliseconds))", "\(Self.threads)"]
                + sockets.map { "unix:\($0)" },
            in: scratch,
            name: name
        )
    }

    var output: String { program.output }

    /// What a caller in the process noticed.
    var noticed: [Substring] { output.split(separator: "\n").filter { $0.hasPrefix("error: ") } }

    // MARK: - What it minted

    private var files: [String] { ((0..<Self.threads).map { "\($0)" } + ["line", "child"]).map { "\(path).\($0)" } }

    private var size: Int {
        files.reduce(0) { sum, file in
            var facts = stat()
            return stat(file, &facts) == 0 ? sum + Int(facts.st_size) : sum
        }
    }

    /// What it wrote of whole spans; a kill may have cut the last.
    func spans() throws -> [Harvest.Span] {
        try files.filter { FileManager.default.fileExists(atPath: $0) }
            .flatMap { file in
                let data = try Data(contentsOf: URL(fileURLWithPath: file))
                let numbers = data.withUnsafeBytes { bytes in
                    Array(
                        UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 16 * 16)).bindMemory(
                            to: UInt64.self
                        )
                    )
                }
                return stride(from: 0, to: numbers.count, by: 2)
                    .map { Harvest.Span(first: numbers[$0], last: numbers[$0 + 1]) }
            }
    }

    /// The workers that it minted on.
    func workers(_ layout: Layout) throws -> Set<UInt64> {
        Set(try spans().map { layout.decode(FirnID(rawValue: $0.first)).worker ?? 0 })
    }

    /// Waits until it has minted so many spans more.
    func mints(_ count: Int = 200) throws {
        let before = size
        try eventually("it mints; it says: \(output)", every: .milliseconds(5)) { size >= before + 16 * count }
    }

    /// Waits until it mints nothing for a moment.
    func mintsNothing(for quiet: Duration = .milliseconds(500)) throws {
        var (last, since) = (size, ContinuousClock.now)
        try eventually("it mints no more; it says: \(output)", every: .milliseconds(5)) {
            if size != last { (last, since) = (size, ContinuousClock.now) }
            return since.duration(to: .now) > quiet
        }
    }

    func waitUntilItSays(_ text: String) throws {
        try eventually("it says '\(text)'; it says: \(output)") { output.contains(text) }
    }

    // MARK: - Signals

    /// Stops all its threads, in whatever they do.
    func pause() throws { try stopWholly(program.pid) }

    func goOn() { program.signal(SIGCONT) }

    /// Forks; the child mints if it can.
    func fork() { program.signal(SIGUSR1) }

    func kill() { program.stop() }

    /// Ends it in order: the lease is given back.
    func close() throws {
        program.signal(SIGTERM)
        let code = try program.waitForExit()
        guard code == 0 else { throw TestFailure("it ended with \(code): \(output)") }
    }
}

extension Harvest {
    /// All that these minted, as one round.
    static func of(_ holders: [LeaseHolder], _ layout: Layout, and others: [Span] = []) throws -> Harvest {
        var harvest = Harvest(layout: layout)
        harvest.add(try holders.flatMap { try $0.spans() } + others)
        return harvest
    }
}
