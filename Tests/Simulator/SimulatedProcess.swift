import FirnTestSupport

/// A process: it can be killed between any two of its steps, stopped, and continued.
class SimulatedProcess {
    let world: World
    let host: Host
    /// Unique in its run.
    let number: Int
    let name: String
    var random: SeededGenerator
    private(set) var isAlive = true
    /// How many faults keep it from running: a SIGSTOP, a suspended host.
    private var stops = 0
    private var deferred: [() -> Void] = []
    private var fibers: [Fiber] = []
    /// Until when its host's network loses what it sends, or what it is sent.
    var requestsLostUntil: Int64 = 0
    var answersLostUntil: Int64 = 0
    /// The thread that keeps the windows.
    var windowFiber: Fiber?
    /// The thread that runs, or ran last.
    fileprivate(set) var currentFiber: Fiber?
    /// It reaches the store through a daemon that has found it set back, as long as it is.
    var isDenied = false
    /// It is killed during its next call to the store.
    var isKilledInCall = false

    init(world: World, host: Host, number: Int, name: String) {
        self.world = world
        self.host = host
        self.number = number
        self.name = name
        random = world.generator(UInt64(1000 + number))
    }

    var isRunning: Bool { isAlive && stops == 0 }

    /// Now, or when the process continues.
    func whenRunning(_ action: @escaping () -> Void) {
        if stops == 0 || !isAlive { action() } else { deferred.append(action) }
    }

    func stop() { stops += 1 }

    func resume() {
        guard stops > 0 else { return }
        stops -= 1
        guard stops == 0 else { return }
        let actions = deferred
        deferred = []
        for action in actions { action() }
    }

    /// As SIGKILL: nothing of it runs on. What it has sent arrives.
    func kill() {
        guard isAlive else { return }
        isAlive = false
        deferred = []
        host.processes.removeAll { $0 === self }
        ended()
        // They unwind: every call fails, and has no effect.
        for fiber in fibers { fiber.wakeToEnd() }
        fibers = []
        currentFiber = nil
    }

    /// The process is gone: to be overridden.
    func ended() {}

    /// Starts a thread.
    @discardableResult
    func spawn(_ body: @escaping (Fiber) -> Void) -> Fiber {
        let fiber = Fiber(of: self)
        fibers.append(fiber)
        // No weak references to processes: each access to an object that has one is slow from then on.
        fiber.start { [self] in
            body(fiber)
            fibers.removeAll { $0 === fiber }
        }
        return fiber
    }

    /// As text, for a story.
    var title: String { "\(name) on host \(host.number)" }
}

/// A thread of a process.
final class Fiber {
    /// It lives as long as the run, as all processes do. Not counted, because it is used at each step.
    unowned(unsafe) let process: SimulatedProcess
    private var coroutine: Coroutine?
    /// The number of the present wait: a timer of an earlier one has no effect.
    private var sleep: UInt64 = 0
    private var isAsleep = false
    private var isAtBell = false
    private var isRung = false
    private var isOver = false

    init(of process: SimulatedProcess) {
        self.process = process
    }

    fileprivate func start(_ body: @escaping () -> Void) {
        coroutine = Coroutine.make { [self] in
            body()
            isOver = true
        }
        isAsleep = true
        wake(sleep)
    }

    /// Waits until true time is `time`; shorter only when the process was killed.
    func wait(until time: Int64) {
        guard process.isAlive else { return }
        sleep += 1
        let number = sleep
        process.world.at(time) { [self] in process.whenRunning { self.enter(number) } }
        leave()
    }

    func wait(_ nanoseconds: Int64) { wait(until: process.world.now + nanoseconds) }

    /// Waits as on a bell: for this long by the host's boot clock, or until ``ring()``.
    func waitForBell(nanoseconds: Int64) {
        guard process.isAlive else { return }
        if !isRung {
            isAtBell = true
            wait(until: process.host.trueTime(after: nanoseconds))
            isAtBell = false
        }
        isRung = false
    }

    func ring() {
        isRung = true
        guard isAtBell, isAsleep else { return }
        wake(sleep)
    }

    fileprivate func wakeToEnd() { wake(sleep) }

    private func wake(_ number: UInt64) {
        process.world.after(0) { [self] in process.whenRunning { self.enter(number) } }
    }

    private func enter(_ number: UInt64) {
        guard isAsleep, number == sleep, !isOver else { return }
        isAsleep = false
        process.currentFiber = self
        coroutine?.enter()
        if isOver { coroutine = nil }
    }

    private func leave() {
        isAsleep = true
        coroutine?.leave()
    }
}
