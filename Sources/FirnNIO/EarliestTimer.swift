package import NIOCore

/// A timer of one event loop. It fires at the earliest of the times that it was set to since it last fired.
package final class EarliestTimer {
    private let eventLoop: any EventLoop
    private var scheduled: (task: Scheduled<Void>, at: NIODeadline)?
    /// What is done when it fires.
    package var body: () -> Void = {}

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Sets the timer, unless it fires earlier anyway.
    package func set(to at: NIODeadline) {
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

    package func cancel() {
        scheduled?.task.cancel()
        scheduled = nil
    }
}
