internal import FirnEngine
internal import FirnLayout
internal import Logging

/// Waits for a wall clock that was never set, as on a host without a battery for it. Such a host boots in 1970 and gets
/// the time later, from the network. If the daemon refused to start, it would stay down, because a start is not retried
/// after a configuration error.
///
/// It does not wait for a clock that is wrong in another way: it may never be corrected.
enum ClockWait {
    /// A time before Firn was written. A clock with an earlier time was not set.
    static let earliest = UTCTime(unixSeconds: 1_704_067_200)

    /// The time of a clock that was not set; nil for any other clock.
    static func unsetTime(_ source: some TimeSource) -> UTCTime? {
        let (seconds, _) = source.wallNanoseconds().quotientAndRemainder(dividingBy: 1_000_000_000)
        let time = UTCTime(unixSeconds: seconds)
        return time < earliest ? time : nil
    }

    /// Returns when the clock is set, or with the signal that arrived first.
    ///
    /// - Parameter pause: sleeps for a second; returns the signal that interrupted it.
    static func run(
        _ source: some TimeSource,
        supervisor: Supervisor?,
        logger: Logger,
        pause: () -> String?
    ) -> String? {
        var turns = 0
        while let time = unsetTime(source) {
            if turns == 0 {
                logger.warning(
                    "the wall clock is not set; the daemon waits until it is, looks every second, and listens nowhere until then",
                    metadata: ["clock": "\(time)", "earliest": "\(earliest)"]
                )
            }
            // Well before the extended timeout expires.
            if turns % 10 == 0 {
                supervisor?.tell([
                    "STATUS=waiting for the wall clock to be set: it says \(time)", "EXTEND_TIMEOUT_USEC=30000000",
                ])
            }
            turns += 1
            if let signal = pause() { return signal }
        }
        if turns > 0 { logger.notice("the wall clock is set") }
        return nil
    }
}
