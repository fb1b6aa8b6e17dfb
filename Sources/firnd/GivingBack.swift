internal import FirnServer
internal import FirnStore
internal import Logging

/// The last thing that a daemon does: it gives back to the store what nobody has used of its windows and its blocks of
/// sequences, and remembers how far the store has come.
///
/// None of it is owed to anybody: what is not given back is a worker that stays taken until its window has passed, and
/// values that stay a gap. So it ends in time, whatever the store does.
struct GivingBack {
    let windows: WindowThread
    let sequences: Sequences
    let journal: GrantJournal
    let logger: Logger

    /// What there is in any case, where the connections took the drain's whole time.
    private static let leastTime = Duration.seconds(1)

    /// Workers first: the daemon that starts next waits for them.
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
