internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Logging

/// The daemon's last step: it returns the unused part of its windows and sequence blocks to the store, and records the
/// store's latest state.
///
/// Correctness does not depend on it: a worker that is not returned stays taken until its window has passed, and values
/// that are not returned stay a gap. So it has a time limit, whatever the store does.
struct GivingBack {
    let windows: WindowThread
    let sequences: Sequences
    let journal: GrantJournal
    let logger: Logger

    /// The minimum time, also if the connections took all of the drain's time.
    private static let leastTime = Duration.seconds(1)

    /// Workers first: the next daemon to start waits for them.
    func perform(until drainEnd: ContinuousClock.Instant) {
        let end = max(drainEnd, ContinuousClock.now + Self.leastTime)
        if !windows.stop(within: ContinuousClock.now.duration(to: end)) {
            logger.warning(
                "workers not given back in time, for the store does not answer; they become free when their windows have passed"
            )
        }
        let left = sequences.stop(within: ContinuousClock.now.duration(to: end))
        if left > 0 {
            logger.warning(
                "reserved values not given back in time, or the store failed; they stay a gap",
                metadata: ["sequences": "\(left)"]
            )
        }
        remember(until: end)
    }

    private func remember(until end: ContinuousClock.Instant) {
        let writing = NativeThread(name: "journal") { [journal, logger] in
            do throws(StoreError) {
                try journal.persist()
            } catch {
                logger.warning(
                    "what the store grants could not be remembered at the end",
                    metadata: ["error": "\(error)"]
                )
            }
        }
        _ = writing.join(within: max(ContinuousClock.now.duration(to: end), Self.leastTime))
    }
}
