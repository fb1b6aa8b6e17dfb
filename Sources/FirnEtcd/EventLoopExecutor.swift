internal import NIOCore

/// Runs tasks on an event loop's thread, which also handles its sockets.
///
/// So the calls to etcd need no thread of Swift's pool: the daemon does not need that pool, and a thread that waits for
/// a call may be one of its threads.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
