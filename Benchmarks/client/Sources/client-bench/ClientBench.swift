import FirnClient
import FirnLayout
import NIOPosix

/// Measures the client library against a running daemon. Prints `key=value` words, as the other measuring programs do.
/// `Benchmarks/run` starts it; README.md says what is measured.
@main enum ClientBench {
    static let usage = """
        usage: client-bench MEASUREMENT --socket PATH [--seconds N] [--server-pid PID]

        measurements: \(measurements.keys.sorted().joined(separator: ", "))
        """

    fileprivate static let measurements: [String: @Sendable (FirnClient, Arguments) async throws -> Void] = [
        "prefetched": { try await measurePrefetched($0, seconds: $1.seconds) },
        "iterate": { try await measureIteration($0, seconds: $1.seconds) },
        "request-ids": { try await measureRequestIDs($0, seconds: $1.seconds) },
        "minting": { try await measureMinting($0, seconds: $1.seconds) },
        "fresh": { try await measureFreshCalls($0, seconds: $1.seconds, server: $1.server) },
    ]

    static func main() async throws {
        guard let arguments = Arguments(CommandLine.arguments), let measure = measurements[arguments.measurement] else {
            fatalExit(usage)
        }
        var configuration = FirnClientConfiguration()
        configuration.timeout = .seconds(10)
        let address = try FirnAddress.unix(path: arguments.socket)
        try await withFirnClient(address: address, configuration: configuration) { client in
            try await measure(client, arguments)
        }
    }
}

private struct Arguments {
    let measurement: String
    var socket = ""
    var seconds = 2.0
    /// Of the daemon, if its CPU time is measured.
    var server: ProcessTimer?

    init?(_ words: [String]) {
        guard words.count >= 4, words.count.isMultiple(of: 2) else { return nil }
        measurement = words[1]
        for index in stride(from: 2, to: words.count, by: 2) {
            switch words[index] {
            case "--socket": socket = words[index + 1]
            case "--seconds":
                guard let seconds = Double(words[index + 1]), seconds > 0 else { return nil }
                self.seconds = seconds
            case "--server-pid":
                guard let processID = Int32(words[index + 1]), let server = ProcessTimer(processID: processID) else {
                    return nil
                }
                self.server = server
            default: return nil
            }
        }
        guard !socket.isEmpty else { return nil }
    }
}
