internal import Synchronization

/// The one thread of a daemon that talks to the store. See ``WindowKeeping`` for what it does there.
package final class WindowThread: Sendable {
    private let bell: Bell
    private let stops: Flag
    private let pulse = Pulse()
    private let thread: NativeThread

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Starts to keep windows, and returns when every worker was asked for once: each slot has its worker then, or the
    /// daemon's ``Availability`` says why not, and the thread keeps trying.
    package init(_ makeKeeping: @escaping @Sendable () -> WindowKeeping) throws(ListenError) {
        let bell = try Bell()
        let firstRound = try Bell()
        let stops = Flag()
        self.bell = bell
        self.stops = stops
        thread = NativeThread(name: "windows") { [pulse] in
            let keeping = makeKeeping()
            keeping.pulse = pulse
            keeping.advance()
            firstRound.ring()
            keeping.remember()
            while !stops.isSet.load(ordering: .acquiring) {
                bell.wait(nanoseconds: keeping.nanosecondsToNextStep)
                pulse.beat()
                keeping.advance()
                keeping.remember()
            }
            keeping.finish()
        }
        firstRound.wait(nanoseconds: .max)
    }

    /// Asks the thread for a sign of life.
    package func askForPulse() {
        pulse.ask()
        bell.ring()
    }

    /// Whether the thread has come by since it was asked, or had an answer from the store: one that fails in its time is
    /// no reason to take the thread for dead, however many workers wait for it.
    package var hasPulse: Bool { pulse.isAnswered }

    /// How often the thread has come by.
    package var beats: UInt64 { pulse.beats }

    /// Closes every space and lowers the windows to what was used, for so long at most. Nothing may mint any more.
    ///
    /// - Returns: whether it came to that: a store that keeps a call for longer keeps the thread, and it is left to the
    ///   process's end.
    package func stop(within limit: Duration) -> Bool {
        stops.isSet.store(true, ordering: .releasing)
        bell.ring()
        return thread.join(within: limit)
    }
}
