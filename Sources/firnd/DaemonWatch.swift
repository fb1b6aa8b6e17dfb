internal import CLinux
internal import FirnEngine
internal import FirnServer
internal import FirnWindows
internal import FirnWire
internal import Glibc

/// Reports the daemon's state to its supervisor. Runs on the main thread, which would only sleep otherwise.
final class DaemonWatch {
    private let supervisor: Supervisor
    private let servers: DaemonServers
    private let windows: WindowThread
    private let slots: [WorkerSlot]
    private let availability: Availability
    private let clock = SystemTimeSource()

    init(
        supervisor: Supervisor,
        servers: DaemonServers,
        windows: WindowThread,
        slots: [WorkerSlot],
        availability: Availability
    ) {
        self.supervisor = supervisor
        self.servers = servers
        self.windows = windows
        self.slots = slots
        self.availability = availability
    }

    /// Returns the reason to stop.
    ///
    /// - Parameters:
    ///   - reload: taken when work is requested.
    ///   - chore: other work of the main thread, done on request.
    func run(until stop: StopRequest, reload: ReloadRequest, reloading: Reloading, chore: () -> Void) -> String {
        var supervision = Supervision(watchdog: supervisor.watchdog, now: clock.bootNanoseconds())
        let settled = ContinuousClock.now + Daemon.settlingTime
        var hasSettled = false
        while true {
            if !hasSettled, ContinuousClock.now >= settled {
                firn_forget_startup_pages()
                hasSettled = true
            }
            takeTurn(&supervision)
            let reason = stop.wait(atMost: .nanoseconds(supervision.turnTime)) {
                // First: what it has read again is not a change that the chore finds.
                if reload.take() { perform(reloading, &supervision) }
                chore()
            }
            if let reason { return reason }
        }
    }

    private func takeTurn(_ supervision: inout Supervision) {
        var next = supervision
        let turn = next.turned(standing, now: clock.bootNanoseconds())
        // If the supervisor did not take the lines, the state stays as before, and the next turn sends them again.
        if turn.lines.isEmpty || supervisor.tell(turn.lines) { supervision = next }
        if turn.requestsHeartbeat {
            servers.requestHeartbeat()
            windows.requestHeartbeat()
        }
    }

    private func perform(_ reloading: Reloading, _ supervision: inout Supervision) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        let lines = supervision.reloading(monotonicMicroseconds: microseconds)
        if !lines.isEmpty { supervisor.tell(lines) }
        reloading.reload()
        supervision.reloaded()
        takeTurn(&supervision)
    }

    private var standing: Supervision.Standing {
        Supervision.Standing(
            obstacle: availability.obstacle?.message,
            workers: slots.compactMap { $0.current().space?.worker },
            hasHeartbeat: servers.hasHeartbeat && windows.hasHeartbeat
        )
    }
}
