package import FirnEngine
internal import Synchronization

/// The state of the thread that keeps the windows, for other threads. The thread writes it once per step, so that a
/// reader never waits for a store that the thread may be waiting for.
package final class WindowMeter: Sendable {
    private let state: Mutex<WindowReading>

    /// - Parameter places: the number of workers that the daemon claims.
    package init(places: Int) {
        state = Mutex(WindowReading(places: Array(repeating: WindowReading.Place(), count: places)))
    }

    package var reading: WindowReading { state.withLock { $0 } }

    func publish(_ places: [WindowReading.Place], workersFarAhead: Int = 0) {
        state.withLock { state in
            state.places = places
            state.workersFarAhead = workersFarAhead
        }
    }

    func steered(_ steering: ClockSteering) {
        state.withLock { $0.clock = steering }
    }
}

/// The values of a ``WindowMeter``.
package struct WindowReading: Sendable, Equatable {
    /// One of the workers that the daemon claims.
    package struct Place: Sendable, Equatable {
        /// The worker that it holds; `nil` while it has none.
        package var holding: Holding?
        /// Its window is not extended until IDs are requested.
        package var isResting: Bool
        /// Why it cannot give out IDs; `nil` when it can.
        package var obstacle: String?
        /// The last error of the store, when the store has not answered since.
        package var storeError: String?

        package init(
            holding: Holding? = nil,
            isResting: Bool = false,
            obstacle: String? = nil,
            storeError: String? = nil
        ) {
            self.holding = holding
            self.isResting = isResting
            self.obstacle = obstacle
            self.storeError = storeError
        }
    }

    package struct Holding: Sendable, Equatable {
        package var worker: UInt32
        package var generation: UInt64
        /// The first tick that may be used, and the first tick after those.
        package var firstTick: UInt64
        package var limitTick: UInt64

        package init(worker: UInt32, generation: UInt64, firstTick: UInt64, limitTick: UInt64) {
            self.worker = worker
            self.generation = generation
            self.firstTick = firstTick
            self.limitTick = limitTick
        }
    }

    package var places: [Place]
    /// The result of the last comparison with the wall clock; `nil` before the first.
    package var clock: ClockSteering?
    /// How many workers of the store are known to have limits far ahead, no matter who holds them.
    package var workersFarAhead = 0

    /// The wall clock minus the time in the IDs; 0 before the first comparison.
    package var clockOffsetNanoseconds: Int64 { clock?.offsetNanoseconds ?? 0 }

    /// Whether a difference between the two is being corrected slowly, and is larger than the clocks' resolution.
    package var isClosingGap: Bool {
        clock.map { $0.isSlewing && abs($0.offsetNanoseconds) >= ClockReporter.noticeable } ?? false
    }

    package init(places: [Place], clock: ClockSteering? = nil) {
        self.places = places
        self.clock = clock
    }
}
