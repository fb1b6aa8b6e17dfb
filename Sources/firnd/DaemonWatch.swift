internal import CLinux
internal import FirnEngine
internal import FirnHTTP
internal import FirnServer
internal import FirnWire

#if GRPC
    internal import FirnGRPC
#endif

/// Reports the daemon's state to its supervisor. Runs on the main thread, which would only sleep otherwise.
final class DaemonWatch {
    private let supervisor: Supervisor
    private let server: Server
    private let httpServer: HTTPServer?
    private let grpcServer: GRPCServer?
    private let windows: WindowThread
    private let slots: [WorkerSlot]
    private let availability: Availability
    private let clock = SystemTimeSource()

    init(
        supervisor: Supervisor,
        server: Server,
        httpServer: HTTPServer?,
        grpcServer: GRPCServer?,
        windows: WindowThread,
        slots: [WorkerSlot],
        availability: Availability
    ) {
        self.supervisor = supervisor
        self.server = server
        self.httpServer = httpServer
        self.grpcServer = grpcServer
        self.windows = windows
        self.slots = slots
        self.availability = availability
    }

    /// Returns the reason to stop.
    ///
    /// - Parameter chore: other work of the main thread, done on request.
    func run(until stop: StopRequest, chore: () -> Void) -> String {
        var supervision = Supervision(watchdog: supervisor.watchdog, now: clock.bootNanoseconds())
        let settled = ContinuousClock.now + Daemon.settlingTime
        var hasSettled = false
        while true {
            if !hasSettled, ContinuousClock.now >= settled {
                firn_forget_startup_pages()
                hasSettled = true
            }
            var next = supervision
            let turn = next.turned(standing, now: clock.bootNanoseconds())
            // If the supervisor did not take the lines, the state stays as before, and the next turn sends them again.
            if turn.lines.isEmpty || supervisor.tell(turn.lines) { supervision = next }
            if turn.requestsHeartbeat {
                server.requestHeartbeat()
                httpServer?.requestHeartbeat()
                grpcServer?.requestHeartbeat()
                windows.requestHeartbeat()
            }
            if let reason = stop.wait(atMost: .nanoseconds(supervision.turnTime), chore: chore) { return reason }
        }
    }

    private var standing: Supervision.Standing {
        Supervision.Standing(
            obstacle: availability.obstacle?.message,
            workers: slots.compactMap { $0.current().space?.worker },
            hasHeartbeat: server.hasHeartbeat && httpServer?.hasHeartbeat != false
                && grpcServer?.hasHeartbeat != false && windows.hasHeartbeat
        )
    }
}
