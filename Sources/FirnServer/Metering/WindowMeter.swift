package import FirnEngine
internal import Synchronization

/// What the thread that keeps the windows knows, where others can read it: it writes here once a step, and nobody who
/// reads waits for a store that it may be waiting for.
package final class WindowMeter: Sendable {
    private let state: Mutex<WindowReading>

    /// - Parameter places: how many workers the daemon wants.
    package init(places: Int) {
        state = Mutex(WindowReading(places: Array(repeating: WindowReading.Place(), count: places)))
    }

    package var reading: WindowReading { state.withLock { $0 } }

    func publish(_ places: [WindowReading.Place]) {
        state.withLock { $0.places = places }
    }

    func steered(_ steering: ClockSteering) {
        state.withLock { $0.clock = steering }
    }
}

/// What a ``WindowMeter`` says.
package struct WindowReading: Sendable, Equatable {
    /// One of the workers that the daemon wants.
    package struct Place: Sendable, Equatable {
        /// Its number, and what it holds it by; `nil` while it has none.
        package var holding: Holding?
        /// Why no ID can be given out of it; `nil` when it can.
        package var obstacle: String?
        /// What the store failed with last, if it has not answered since.
        package var storeError: String?

        package init(holding: Holding? = nil, obstacle: String? = nil, storeError: String? = nil) {
            self.holding = holding
            self.obstacle = obstacle
            self.storeError = storeError
        }
    }

    package struct Holding: Sendable, Equatable {
        package var worker: UInt32
        package var generation: UInt64
        /// The first tick that may be used, and the first that may not.
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
    /// What the last comparison with the wall clock found; `nil` before the first.
    package var clock: ClockSteering?

    /// Wall clock less the time that IDs carry; 0 before the first comparison.
    package var clockOffsetNanoseconds: Int64 { clock?.offsetNanoseconds ?? 0 }

    /// Whether a gap between the two is being closed slowly: one that is more than the clocks' grain.
    package var isClosingGap: Bool {
        clock.map { $0.isSlewing && abs($0.offsetNanoseconds) >= ClockReporter.noticeable } ?? false
    }

    package init(places: [Place], clock: ClockSteering? = nil) {
        self.places = places
        self.clock = clock
    }
}
