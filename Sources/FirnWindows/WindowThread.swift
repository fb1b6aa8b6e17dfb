internal import Synchronization

/// The thread that keeps the windows in the store. See ``WindowRenewer`` for what it does there.
package final class WindowThread: Sendable {
    private let bell: Bell
    private let stops: Flag
    private let heartbeat = Heartbeat()
    private let thread: NativeThread

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Starts to keep windows, and returns after one attempt to claim every worker. Then each slot has its worker, or
    /// the renewer's observer was told why not, and the thread continues to try.
    ///
    /// - Parameter rest: wakes the thread when its end is wanted.
    package init(
        rest: (any RestControl)? = nil,
        _ makeRenewer: @escaping @Sendable () -> WindowRenewer
    ) {
        let bell = Bell()
        rest?.setWake { bell.ring() }
        let firstRound = Bell()
        let stops = Flag()
        self.bell = bell
        self.stops = stops
        thread = NativeThread(name: "windows") { [heartbeat] in
            let renewer = makeRenewer()
            renewer.willAct = { heartbeat.beat() }
            renewer.advance()
            firstRound.ring()
            renewer.remember()
            renewer.testify()
            while !stops.isSet.load(ordering: .acquiring) {
                bell.wait(nanoseconds: renewer.nanosecondsToNextStep)
                heartbeat.beat()
                renewer.advance()
                renewer.remember()
                renewer.testify()
            }
            renewer.finish()
        }
        firstRound.wait(nanoseconds: .max)
    }

    /// Requests a heartbeat from the thread.
    package func requestHeartbeat() {
        heartbeat.request()
        bell.ring()
    }

    /// Whether the thread has answered since the last request, or has got an answer from the store. A store that fails
    /// within its timeout does not mean that the thread hangs, however many workers wait for the store.
    package var hasHeartbeat: Bool { heartbeat.isAnswered }

    /// The number of the thread's heartbeats.
    package var beats: UInt64 { heartbeat.beats }

    /// Closes every space and lowers the windows to what was used, for `limit` at most. No IDs may be minted after
    /// this.
    ///
    /// - Returns: whether this was completed. When the store blocks a call for longer, the thread runs until the
    ///   process ends.
    package func stop(within limit: Duration) -> Bool {
        stops.isSet.store(true, ordering: .releasing)
        bell.ring()
        return thread.join(within: limit)
    }

    /// Does as ``stop(within:)`` without waiting for it.
    package func stopLater() {
        stops.isSet.store(true, ordering: .releasing)
        bell.ring()
        thread.detach()
    }
}
