import FirnClient

/// Measures the client of a daemon that runs already: `client-bench unix:PATH [seconds]`.
@main
enum ClientBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { fatalError("usage: client-bench ADDRESS [SECONDS]") }
        let address = try FirnAddress(parsing: arguments[1])
        let seconds = arguments.count > 2 ? Double(arguments[2]) ?? 2 : 2
        if arguments.count > 4, let tasks = Int(arguments[3]) {
            print(
                try await FreshCalls.measure(
                    address: address,
                    tasks: tasks,
                    coalescing: arguments[4] == "true",
                    seconds: seconds
                )
            )
            return
        }
        for (tasks, coalescing) in [(1, false), (1, true), (64, false), (64, true), (1000, true)] {
            let result = try await FreshCalls.measure(
                address: address,
                tasks: tasks,
                coalescing: coalescing,
                seconds: seconds
            )
            let median = result.median.map { " median_us=\($0)" } ?? ""
            print("tasks=\(tasks) coalescing=\(coalescing) ids_per_second=\(Int(result.rate))\(median)")
        }
    }
}
