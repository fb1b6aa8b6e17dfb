internal import NIOCore

/// A timer of one event loop. It fires at the earliest of the times that it was set to since it last fired.
final class EarliestTimer {
    private let eventLoop: any EventLoop
    private var scheduled: (task: Scheduled<Void>, at: NIODeadline)?
    /// What is done when it fires.
    var body: () -> Void = {}

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Sets the timer, unless it fires earlier anyway.
    func set(to at: NIODeadline) {
        if let scheduled {
            guard at < scheduled.at else { return }
            scheduled.task.cancel()
        }
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: at) { [self] in
            scheduled = nil
            body()
        }
        scheduled = (task, at)
    }

    func cancel() {
        scheduled?.task.cancel()
        scheduled = nil
    }
}
