internal import FirnEngine
internal import FirnLayout
internal import Logging

/// Waits for a wall clock that was never set, as on a host without a battery for it: such a host boots in 1970 and learns
/// the time later, from the network. To refuse the start would be for good, as a configuration error is not tried again.
///
/// A clock that is wrong otherwise is not waited for: nobody may be about to set it.
enum ClockWait {
    /// Before Firn was written. A clock that says so was not set.
    static let earliest = UTCTime(unixSeconds: 1_704_067_200)

    /// The time that a clock says which was not set; nil for any other.
    static func unsetTime(_ source: some TimeSource) -> UTCTime? {
        let (seconds, _) = source.wallNanoseconds().quotientAndRemainder(dividingBy: 1_000_000_000)
        let time = UTCTime(unixSeconds: seconds)
        return time < earliest ? time : nil
    }

    /// Returns when the clock is set, or a signal has come, which it returns.
    ///
    /// - Parameter pause: sleeps for a second; returns the signal that ended it.
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
            // Sooner than the time that it is given each time has passed.
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
