internal import Synchronization

/// The daemon's thread that keeps the windows in the store. See ``WindowRenewer`` for what it does there.
package final class WindowThread: Sendable {
    private let wakeup: Wakeup
    private let stops: Flag
    private let heartbeat = Heartbeat()
    private let thread: NativeThread

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Starts to keep windows, and returns after one attempt to claim every worker. Then each slot has its worker, or
    /// the daemon's ``Availability`` has the reason why not, and the thread continues to try.
    ///
    /// - Parameter rest: wakes the thread when its end is wanted.
    package init(
        rest: WindowRest? = nil,
        _ makeRenewer: @escaping @Sendable () -> WindowRenewer
    ) throws(ListenError) {
        let wakeup = try Wakeup()
        rest?.setWake { wakeup.signal() }
        let firstRound = try Wakeup()
        let stops = Flag()
        self.wakeup = wakeup
        self.stops = stops
        thread = NativeThread(name: "windows") { [heartbeat] in
            let renewer = makeRenewer()
            renewer.heartbeat = heartbeat
            renewer.advance()
            firstRound.signal()
            renewer.remember()
            renewer.testify()
            while !stops.isSet.load(ordering: .acquiring) {
                wakeup.wait(nanoseconds: renewer.nanosecondsToNextStep)
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
        wakeup.signal()
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
        wakeup.signal()
        return thread.join(within: limit)
    }
}
