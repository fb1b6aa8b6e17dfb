import FirnClient
import FirnLayout
import Glibc
import Synchronization

/// `nextID()`, which makes IDs on request: the median microseconds of a single task's calls without coalescing; and the
/// IDs per second of 64 tasks, with and without coalescing, in turns, with the CPU time per call.
func measureFreshCalls(_ client: FirnClient, seconds: Double, server: ProcessTimer?) async throws {
    var configuration = client.configuration
    configuration.coalescesCalls = false
    try await withFirnClient(address: client.addresses[0], configuration: configuration) { uncoalesced in
        _ = try await timesOfCalls(uncoalesced, seconds: seconds / 5)
        let alone = median(try await timesOfCalls(uncoalesced, seconds: seconds)) / 1e3
        print("alone_us=\(alone)", terminator: " ")

        for (name, client) in [("coalesced", client), ("uncoalesced", uncoalesced)] {
            _ = try await runTasks(client, seconds: seconds / 5, server: server)
            let calls = try await runTasks(client, seconds: seconds, server: server)
            print("\(name)_per_second=\(calls.rate)", terminator: " ")
            print("\(name)_client_cpu_us=\(calls.clientMicroseconds)", terminator: " ")
            if server != nil { print("\(name)_server_cpu_us=\(calls.serverMicroseconds)", terminator: " ") }
        }
        print()
    }
}

/// The number of concurrent tasks, each of which requests one ID after the other.
private let taskCount = 64

private struct Calls {
    /// IDs per second.
    var rate: Double
    /// CPU time per call, of this process and of the server.
    var clientMicroseconds, serverMicroseconds: Double
}

/// The nanoseconds of each call of one task.
private func timesOfCalls(_ client: FirnClient, seconds: Double) async throws -> [Double] {
    var times: [Double] = []
    var last = nanoseconds()
    let end = last + UInt64(seconds * 1e9)
    while last < end {
        use(try await client.nextID().rawValue)
        let now = nanoseconds()
        times.append(Double(now - last))
        last = now
    }
    return times
}

private func runTasks(_ client: FirnClient, seconds: Double, server: ProcessTimer?) async throws -> Calls {
    let process = ProcessTimer()
    let (start, clientStart, serverStart) = (nanoseconds(), process.nanoseconds(), server?.nanoseconds() ?? 0)
    let hasEnded = Flag()
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<taskCount {
            group.addTask {
                var count = 0
                while !hasEnded.value.load(ordering: .relaxed) {
                    use(try await client.nextID().rawValue)
                    count += 1
                }
                return count
            }
        }
        try await Task.sleep(for: .seconds(seconds))
        hasEnded.value.store(true, ordering: .relaxed)
        return try await group.reduce(0, +)
    }
    let elapsed = nanoseconds() - start
    return Calls(
        rate: Double(count) * 1e9 / Double(elapsed),
        clientMicroseconds: Double(process.nanoseconds() - clientStart) / 1e3 / Double(count),
        serverMicroseconds: Double((server?.nanoseconds() ?? 0) - serverStart) / 1e3 / Double(count)
    )
}

private final class Flag: Sendable {
    let value = Atomic(false)
}

/// Reads the CPU time of all threads of a process.
struct ProcessTimer: Sendable {
    private let clock: clockid_t

    /// For this process.
    init() {
        clock = CLOCK_PROCESS_CPUTIME_ID
    }

    /// For another process; nil if no process has this ID.
    init?(processID: pid_t) {
        var clock = clockid_t()
        guard clock_getcpuclockid(processID, &clock) == 0 else { return nil }
        self.clock = clock
    }

    func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
