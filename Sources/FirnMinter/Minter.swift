package import FirnEngine
public import FirnLayout
package import FirnStore
internal import FirnWindows
internal import Synchronization

/// Mints IDs in this process, on a worker that is its own for a window of time.
///
/// The worker is claimed in a store by compare-and-swap, like a daemon's, and its window is extended in the background, at a
/// third of it. While it lasts, the minter needs nobody: an ID costs a reading of the clock and one compare-and-exchange.
///
/// What it promises, whatever the clock, the store and the other holders do:
/// - No ID is equal to one of another minter or daemon of the store, nor to an earlier one of its own.
/// - IDs strictly increase over the whole process: an ID is above all whose calls had returned when its own began; unless
///   ``MinterConfiguration/ordering`` is `.thread`.
/// - An ID is fresh: its tick is that of the call.
/// - A child made by `fork` mints nothing.
///
/// May be used from any thread and any task. ``close()`` gives the worker back; so does the end of the last reference to it,
/// but nobody waits for it then.
public final class Minter: Sendable {
    /// The layout of the IDs.
    public let layout: Layout

    let core: MinterCore
    private let mint: SharedMint
    /// nil where IDs rise over the whole process.
    private let lanes: MintLanes?
    let line: MintLine
    private let mark = LifeMark()
    private let thread: WindowThread

    /// Whether the window was given back, and the calls of ``close()`` that wait for that.
    private struct Closing {
        var isOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let closing = Mutex(Closing())

    /// Takes over what was opened.
    package init(_ opened: OpenedMinter) {
        core = opened.core
        layout = opened.core.layout
        mint = opened.mint
        lanes = opened.lanes
        line = opened.line
        thread = opened.thread
    }

    deinit {
        // In a child there is no such thread.
        guard mark.isOpen else { return }
        line.end(.closed)
        thread.stopLater()
    }

    // MARK: - IDs

    /// An ID, or nil when none can be minted at once: the tick's are used up, or no window covers the present time. Never
    /// waits. While the worker stays the same, it takes no lock and allocates nothing. It overtakes the tasks that wait in line
    /// for the next tick.
    public func tryNext() -> FirnID? {
        guard mark.isOpen else { return nil }
        switch lanes?.nextID() ?? mint.nextID() {
        case .minted(let id): return id
        case .closed: core.want()
        case .full, .expired: break
        }
        return nil
    }

    /// A run of at least one and at most `count` IDs of one tick, or nil when none can be minted at once.
    ///
    /// - Parameter count: at least 1; traps below.
    public func tryNextRun(upTo count: Int) -> Run? {
        precondition(count >= 1, "a run has at least one ID, and \(count) were asked for")
        guard mark.isOpen else { return nil }
        switch lanes?.nextRun(upTo: UInt32(clamping: count)) ?? mint.nextRun(upTo: UInt32(clamping: count)) {
        case .minted(let run): return run
        case .closed: core.want()
        case .full, .expired: break
        }
        return nil
    }

    /// An ID. Waits in line for the next tick or the window, for the configured timeout at most; without spinning.
    ///
    /// - Throws: `.unavailable` when no window came, with the time after which to try again, `.timedOut` when others took all
    ///   IDs, `.cancelled`, `.tooManyWaiters`, `.ended`, `.closed` or `.forked`.
    public func next() async throws(MinterError) -> FirnID {
        if !core.hasWaiters, let id = tryNext() { return id }
        return try await nextInLine(upTo: 1).first
    }

    /// A run of at least one and at most `count` IDs of one tick. Waits and throws like ``next()``.
    ///
    /// - Parameter count: at least 1; `.invalidArgument` below.
    public func nextRun(upTo count: Int) async throws(MinterError) -> Run {
        guard count >= 1 else {
            throw MinterError(.invalidArgument, "A run of \(count) IDs was asked for: ask for 1 or more.")
        }
        if !core.hasWaiters, let run = tryNextRun(upTo: count) { return run }
        return try await nextInLine(upTo: UInt32(clamping: count))
    }

    /// How many tasks wait in line.
    var waiterCount: Int { line.count }

    private func nextInLine(upTo count: UInt32) async throws(MinterError) -> Run {
        guard !mark.isForked else { throw .forked }
        return try await line.wait(count: count).get()
    }

    // MARK: - The window

    /// The worker in the IDs; nil while there is none.
    public var worker: UInt32? { mark.isForked ? nil : core.space.map { UInt32($0.worker) } }

    /// For how long IDs can be minted without the store. 0 when no window covers the present time; a window at rest may have
    /// ended, and the next call begins another one.
    public var timeLeft: Duration {
        guard !mark.isForked, let space = core.space else { return .zero }
        return .nanoseconds(core.clock.nanoseconds(from: core.clock.now(), untilTick: space.windowLimit))
    }

    /// Why no ID can be minted now; nil when IDs can, or will as soon as one is wanted.
    public var obstacle: MinterError? {
        if mark.isForked { return .forked }
        if !mark.isOpen { return .closed }
        return core.isReady ? nil : core.obstacle
    }

    /// Mints nothing more, fails all who wait, and gives the rest of the window back, so that the worker is free at once.
    /// Returns when that is written, or after two seconds; then the worker becomes free at the window's end.
    public func close() async {
        guard !mark.isForked else { return }
        let isFirst = mark.close()
        if isFirst { line.end(.closed) }
        await withCheckedContinuation { continuation in
            let isOver = closing.withLock { closing in
                if !closing.isOver { closing.waiting.append(continuation) }
                return closing.isOver
            }
            if isOver { continuation.resume() }
            guard isFirst else { return }
            NativeThread(name: "firn-close") { [self] in
                _ = thread.stop(within: .seconds(2))
                let waiting = closing.withLock { closing in
                    defer { closing = Closing(isOver: true) }
                    return closing.waiting
                }
                for continuation in waiting { continuation.resume() }
            }
            .detach()
        }
    }
}

extension MinterError {
    static var closed: MinterError { MinterError(.closed, "The minter was closed: make another one.") }

    static var forked: MinterError {
        MinterError(
            .forked,
            "This process was forked from the one that made the minter, and would mint the same IDs: call exec, and make a "
                + "minter after that, or take IDs from a daemon."
        )
    }
}

/// A minter's parts, with the thread that keeps its window.
package struct OpenedMinter: Sendable {
    fileprivate let core: MinterCore
    fileprivate let mint: SharedMint
    fileprivate let lanes: MintLanes?
    fileprivate let line: MintLine
    fileprivate let thread: WindowThread

    /// Claims a worker, and returns after the first attempt. Blocks while the store does.
    ///
    /// - Parameters:
    ///   - claims: in a store that was checked, or a daemon's leases; with the window in ticks.
    ///   - configuration: in its range.
    package init(claims: any WorkerSource, layout: Layout, clock: TickClock, configuration: MinterConfiguration) {
        let core = MinterCore(layout: layout, clock: clock, configuration: configuration)
        let mint = SharedMint(slot: core.slot, clock: clock, layout: layout)
        let line = MintLine(core: core, mint: mint)
        line.start()
        let laneCount = MintLanes.defaultCount
        lanes =
            configuration.ordering == .thread
            ? MintLanes(slot: core.slot, clock: clock, count: laneCount) : nil
        self.core = core
        self.mint = mint
        self.line = line
        thread = WindowThread(rest: core) {
            WindowRenewer(
                slots: [core.slot],
                rule: configuration.worker.map(WorkerRule.fixed) ?? .auto,
                claims: claims,
                clock: clock,
                layout: layout,
                shardsPerWorker: configuration.ordering == .thread ? laneCount : 1,
                observer: MinterObserver(core: core, line: line),
                rest: core,
                restAfter: configuration.restAfter
            )
        }
    }
}
