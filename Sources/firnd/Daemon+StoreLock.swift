internal import FirnConfiguration
internal import FirnStore
internal import Glibc
internal import Logging

extension Daemon {
    /// How long a start waits for a store's file that another process keeps locked. Far below the 90 s that systemd gives a
    /// start, and longer than a backup's or a shell's transaction takes.
    private static let lockPatience = Duration.seconds(10)

    /// Opens the store. While another process keeps its file locked, that is tried again, each time for as long as a call to
    /// the store waits by itself.
    ///
    /// - Throws: the last error, once the time is over.
    func waitingForLock<Opened>(_ open: () throws -> Opened) throws -> Opened {
        guard case .sqlite = configuration.store else { return try open() }
        let deadline = ContinuousClock.now + Self.lockPatience
        var isTold = false
        while true {
            do {
                return try open()
            } catch let error as StoreError where error.code == .unavailable && ContinuousClock.now < deadline {
                if !isTold {
                    logger.warning(
                        "the store's file is locked; it is tried again",
                        metadata: ["error": "\(error)", "at_most": "\(Self.lockPatience)"]
                    )
                }
                isTold = true
                usleep(100_000)
            }
        }
    }
}
