internal import Synchronization

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Whether the user has interrupted the command, for commands that end in order then.
enum Interruption {
    /// From now on SIGINT and SIGTERM do not end the process; a second one does.
    static func catchSignals() {
        // Made before the handler needs it.
        hasCome.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                hasCome.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }

    static var isRequested: Bool { hasCome.load(ordering: .relaxed) }

    /// How often those who wait should look: a user takes less than this for at once.
    static let interval = Duration.milliseconds(50)

    /// Waits for an instant, or until the user interrupts.
    static func sleep(until instant: ContinuousClock.Instant) async throws {
        while !isRequested, case let left = instant - .now, left > .zero {
            try await Task.sleep(for: min(left, interval))
        }
    }
}

private let hasCome = Atomic(false)
