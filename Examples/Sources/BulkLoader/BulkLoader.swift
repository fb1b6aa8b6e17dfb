internal import FirnClient
internal import FirnLayout

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Loads the lines of standard input into a SQLite table, each under an ID of its own:
///
///     seq 1000000 | bulk-loader lines.sqlite [unix:/run/firn/firn.sock]
///
/// The IDs come from a prefetcher: while rows are written the next IDs are on their way, so the daemon's answer is hardly
/// ever waited for.
@main
struct BulkLoader {
    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            say("bulk-loader: \(error)\n")
            exit(1)
        }
    }

    static func run(_ arguments: [String]) async throws {
        guard (1...2).contains(arguments.count) else {
            say("usage: bulk-loader DATABASE [ADDRESS] < LINES\n")
            exit(64)
        }
        let table = try LineTable(path: arguments[0])
        let address = try arguments.count > 1 ? FirnAddress(parsing: arguments[1]) : .default()
        try await withFirnClient(address: address) { firn in
            let ids = firn.makePrefetcher()
            let began = ContinuousClock.now
            var count = 0
            while let line = readLine() {
                let id: FirnID = if let ready = ids.nextIfAvailable() { ready } else { try await ids.next() }
                try table.insert(id, line)
                count += 1
                if count % 100_000 == 0 { say("\r\(count) lines, \(rate(count, since: began)) a second") }
            }
            try table.commit()
            say("\r\(count) lines, \(rate(count, since: began)) a second\n")
        }
    }

    static func rate(_ count: Int, since began: ContinuousClock.Instant) -> Int {
        Int(Double(count) / (began.duration(to: .now) / .seconds(1)))
    }

    static func say(_ text: String) {
        text.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
    }
}
