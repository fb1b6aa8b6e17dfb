internal import CLinux
internal import FirnConfiguration
internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import Logging

/// The daemon's periodic work besides serving.
extension Daemon {
    /// How long after the start its startup pages are released. By then every thread has had its first turn, and the
    /// first calls did not wait for pages that had just been released.
    static let settlingTime = Duration.milliseconds(200)

    /// Sleeps until the daemon is told to stop; used without a supervisor.
    static func sleep(until stop: StopRequest, chore: () -> Void) -> String {
        if let reason = stop.wait(atMost: settlingTime, chore: chore) { return reason }
        firn_forget_startup_pages()
        return stop.wait(chore: chore)!
    }

    /// Rebinds sockets whose files were removed or replaced. Called about once per second until they are all in place.
    static func restore(_ listeners: Listeners, of server: Server, _ logger: Logger) {
        for (address, error) in listeners.restore() {
            if let error {
                logger.warning(
                    "a socket's file was removed or replaced, and cannot be made again yet; connections that are open go on",
                    metadata: ["socket": "\(address)", "error": "\(error)"]
                )
            } else {
                logger.warning(
                    "a socket's file was removed or replaced, and was made again",
                    metadata: ["socket": "\(address)"]
                )
            }
        }
        server.listenersChanged()
    }

    /// What is lost if the daemon ends at once.
    static func lost(_ slots: [WorkerSlot], _ configuration: Configuration) -> String {
        let held = slots.compactMap { $0.current().space }
        guard let last = held.map(\.windowLimit).max() else { return "open connections; no worker is held" }
        let workers =
            held.count == 1 ? "worker \(held[0].worker) stays" : "\(held.count) workers stay"
        return "open connections; \(workers) taken until \(configuration.layout.time(ofTick: last))"
    }
}

extension Configuration {
    /// How long a call to the store may take before the log mentions it: longer than a call that times out by itself,
    /// which is logged then. SQLite waits 2 s for a lock.
    var storePatience: Duration {
        remote.map { $0.timeout + .seconds(1) } ?? .milliseconds(2500)
    }
}
