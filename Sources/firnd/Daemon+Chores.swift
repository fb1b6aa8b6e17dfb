internal import CLinux
internal import FirnEngine
internal import FirnLayout
internal import FirnServer
internal import Logging

#if Etcd
    internal import FirnEtcd
#else
    internal import FirnConfiguration
#endif

/// What the daemon does besides serving.
extension Daemon {
    /// How long after the start its pages are given back. By then every thread has had its first turn, and the first calls
    /// did not wait for pages that had just been given back.
    static let settlingTime = Duration.milliseconds(200)

    /// Sleeps until the daemon is to stop, where no supervisor is to be told of it.
    static func sleep(until stop: StopRequest, chore: () -> Void) -> String {
        if let reason = stop.wait(atMost: settlingTime, chore: chore) { return reason }
        firn_forget_startup_pages()
        return stop.wait(chore: chore)!
    }

    /// Binds sockets anew whose files were removed or replaced. Asked for about once per second, until they are there.
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

    /// What is lost when the daemon ends at once.
    static func lost(_ slots: [WorkerSlot], _ configuration: Configuration) -> String {
        let held = slots.compactMap { $0.current().space }
        guard let last = held.map(\.windowLimit).max() else { return "open connections; no worker is held" }
        let workers =
            held.count == 1 ? "worker \(held[0].worker) stays" : "\(held.count) workers stay"
        return "open connections; \(workers) taken until \(configuration.layout.time(ofTick: last))"
    }
}

extension Configuration {
    /// How long the store may be waited for until the log says so: longer than a call takes that fails in its own time, which
    /// says so itself. SQLite waits 2 s for a lock.
    var storePatience: Duration {
        etcd.map { $0.timeout + .seconds(1) } ?? .milliseconds(2500)
    }
}
