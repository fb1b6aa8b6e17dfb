internal import Synchronization

/// The one thread of a daemon that talks to the store. See ``WindowRenewer`` for what it does there.
package final class WindowThread: Sendable {
    private let wakeup: Wakeup
    private let stops: Flag
    private let heartbeat = Heartbeat()
    private let thread: NativeThread

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Starts to keep windows, and returns when every worker was asked for once: each slot has its worker then, or the
    /// daemon's ``Availability`` says why not, and the thread keeps trying.
    package init(_ makeRenewer: @escaping @Sendable () -> WindowRenewer) throws(ListenError) {
        let wakeup = try Wakeup()
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
            while !stops.isSet.load(ordering: .acquiring) {
                wakeup.wait(nanoseconds: renewer.nanosecondsToNextStep)
                heartbeat.beat()
                renewer.advance()
                renewer.remember()
            }
            renewer.finish()
        }
        firstRound.wait(nanoseconds: .max)
    }

    /// Asks the thread for a sign of life.
    package func requestHeartbeat() {
        heartbeat.request()
        wakeup.signal()
    }

    /// Whether the thread has come by since it was asked, or had an answer from the store: one that fails in its time is
    /// no reason to take the thread for dead, however many workers wait for it.
    package var hasHeartbeat: Bool { heartbeat.isAnswered }

    /// How often the thread has come by.
    package var beats: UInt64 { heartbeat.beats }

    /// Closes every space and lowers the windows to what was used, for so long at most. Nothing may mint any more.
    ///
    /// - Returns: whether it came to that: a store that keeps a call for longer keeps the thread, and it is left to the
    ///   process's end.
    package func stop(within limit: Duration) -> Bool {
        stops.isSet.store(true, ordering: .releasing)
        wakeup.signal()
        return thread.join(within: limit)
    }
}
