import CCounting
import FirnGenerator
import FirnLayout
import FirnLeases
import Glibc

/// What a ``Minter`` in this process costs: nanoseconds per `tryNext()` beside one reading of the clock that it reads, in
/// turns; how many IDs two threads get to one's, with `ordering: .thread`; the share of a layout's IDs that one task gets, and
/// of a processor's time that this takes; and the time from making it to its first ID, on a file and on a daemon's lease.
func measureMinting(_ client: FirnClient, seconds: Double) async throws {
    let wide = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:2,sequence:20")
    let minter = try await Minter(store: .memory, layout: wide)
    var (clock, minted, allocations, dry) = ([Double](), [Double](), UInt64(0), 0)
    let count = 500_000
    let end = nanoseconds() + UInt64(seconds * 1e9)
    repeat {
        clock.append(readClock(count))
        let turn = mint(count, minter)
        minted.append(turn.nanosecondsEach)
        (allocations, dry) = (allocations + turn.allocations, dry + turn.dry)
    } while nanoseconds() < end
    await minter.close()
    print("clock_ns=\(median(clock)) minted_ns=\(median(minted)) dry=\(dry)", terminator: " ")
    print("allocations_per_id=\(Double(allocations) / Double(minted.count * count))", terminator: " ")
    try await measureThreads(wide, seconds: seconds)
    try await measureWholeLayout(seconds: seconds)
    try await measureFirst()
    try await measureFirstLeased(client)
}

/// One thread and two threads in turns, each with blocks of its own: IDs per second, and the processor's time for an ID, which
/// does not depend on who else uses the processors.
private func measureThreads(_ layout: Layout, seconds: Double) async throws {
    var configuration = MinterConfiguration()
    configuration.ordering = .thread
    let minter = try await Minter(store: .memory, layout: layout, configuration: configuration)
    var rates: [[Double]] = [[], []]
    var costs: [[Double]] = [[], []]
    let end = nanoseconds() + UInt64(seconds * 1e9)
    repeat {
        for threads in [1, 2] {
            let (start, processor) = (nanoseconds(), processorNanoseconds())
            let begun = (0..<threads).map { _ in MintingThread { _ = mint(2_000_000, minter) } }
            for thread in begun { thread.join() }
            let count = Double(threads * 2_000_000)
            rates[threads - 1].append(count / Double(nanoseconds() - start) * 1e9)
            costs[threads - 1].append(Double(processorNanoseconds() - processor) / count)
        }
    } while nanoseconds() < end
    await minter.close()
    print("thread_per_second=\(median(rates[0])) two_threads_per_second=\(median(rates[1]))", terminator: " ")
    print("thread_cpu_ns=\(median(costs[0])) two_threads_cpu_ns=\(median(costs[1]))", terminator: " ")
}

/// A thread of the operating system. Joined once.
private final class MintingThread {
    private var handle = pthread_t()

    private final class Body {
        let run: () -> Void

        init(_ run: @escaping () -> Void) { self.run = run }
    }

    init(_ body: @escaping () -> Void) {
        pthread_create(
            &handle,
            nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(Body(body)).toOpaque()
        )
    }

    func join() { pthread_join(handle, nil) }
}

/// From `client.minter()` to the first ID, in milliseconds.
private func measureFirstLeased(_ client: FirnClient) async throws {
    var times: [Double] = []
    for _ in 0..<21 {
        let start = nanoseconds()
        let minter = try await client.minter()
        use(try await minter.next().rawValue)
        times.append(Double(nanoseconds() - start) / 1e6)
        await minter.close()
    }
    print("first_leased_ms=\(median(times))")
}

private func readClock(_ count: Int) -> Double {
    var (time, sum) = (timespec(), 0)
    let start = nanoseconds()
    for _ in 0..<count {
        clock_gettime(CLOCK_BOOTTIME, &time)
        sum &+= time.tv_nsec
    }
    let elapsed = nanoseconds() - start
    use(UInt64(truncatingIfNeeded: sum))
    return Double(elapsed) / Double(count)
}

private func mint(_ count: Int, _ minter: Minter) -> (nanosecondsEach: Double, allocations: UInt64, dry: Int) {
    var (sum, dry) = (UInt64(0), 0)
    let allocations = counting_allocations()
    let start = nanoseconds()
    for _ in 0..<count {
        if let id = minter.tryNext() { sum &+= id.rawValue } else { dry += 1 }
    }
    let elapsed = nanoseconds() - start
    use(sum)
    return (Double(elapsed) / Double(count), counting_allocations() - allocations, dry)
}

/// One task that takes all IDs of the default layout, which has 4,096 in a millisecond: what is there at once, and then the
/// next one, for which it waits.
private func measureWholeLayout(seconds: Double) async throws {
    let minter = try await Minter(store: .memory)
    let (start, processor) = (nanoseconds(), processorNanoseconds())
    let end = start + UInt64(seconds * 1e9)
    var (count, sum) = (0, UInt64(0))
    while nanoseconds() < end {
        while let id = minter.tryNext() { (sum, count) = (sum &+ id.rawValue, count + 1) }
        sum &+= try await minter.next().rawValue
        count += 1
    }
    let elapsed = Double(nanoseconds() - start)
    use(sum)
    let share = Double(processorNanoseconds() - processor) / elapsed
    await minter.close()
    print("layout_per_second=\(Double(count) / elapsed * 1e9) layout_processor_share=\(share)", terminator: " ")
}

/// From `Minter(store:)` to the first ID, in milliseconds, with a file that has been used before.
private func measureFirst() async throws {
    var folder = Array("/tmp/client-bench-XXXXXX".utf8CString)
    guard mkdtemp(&folder) != nil else { fatalExit("client-bench: no folder in /tmp: error \(errno)") }
    let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/ids.db"
    var times: [Double] = []
    for _ in 0..<21 {
        let start = nanoseconds()
        let minter = try await Minter(store: .sqlite(path: path))
        use(try await minter.next().rawValue)
        times.append(Double(nanoseconds() - start) / 1e6)
        await minter.close()
    }
    for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    rmdir(folder)
    print("first_ms=\(median(times))", terminator: " ")
}

private func processorNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
