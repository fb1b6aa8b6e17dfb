package import FirnEngine
package import FirnLayout
package import FirnWire

/// The semantics of the calls, without transport and queueing: one thread's view of the layout, the time and the
/// limits.
///
/// Not thread-safe: one thread uses it at a time.
package final class IDService {
    package let layout: Layout
    package let limits: Limits
    /// The time of this wake-up. It is read once, so that all calls of one wake-up see one tick.
    package private(set) var moment: Moment

    /// Named sequences; `nil` where the host has none.
    let sequences: (any SequenceSource)?
    /// Counts this thread's calls; `nil` when they are not counted.
    let recorder: CallRecorder?

    /// Gets the store's answers for this thread; `nil` where requests do not wait for a window.
    private let listener: (any StoreListener)?
    private let clock: TickClock
    private let availability: Availability
    private let description: () -> DaemonDescription
    /// A call waits for a tick that begins within this time. For a later tick (the clock was far ahead once) the call
    /// fails with UNAVAILABLE at once.
    private let maximumWaitNanoseconds: Int64

    init(
        layout: Layout,
        limits: Limits,
        clock: TickClock,
        availability: Availability,
        sequences: (any SequenceSource)? = nil,
        listener: (any StoreListener)? = nil,
        recorder: CallRecorder? = nil,
        description: @escaping () -> DaemonDescription
    ) {
        self.layout = layout
        self.limits = limits
        self.clock = clock
        self.availability = availability
        self.sequences = sequences
        self.listener = listener
        self.recorder = recorder
        self.description = description
        self.moment = clock.now()
        // Two ticks of a slow layout, or one second: longer than any burst waits, shorter than a caller is willing to
        // wait.
        self.maximumWaitNanoseconds = max(
            1_000_000_000,
            Int64(clamping: layout.tickNanoseconds.multipliedReportingOverflow(by: 2).partialValue)
        )
    }

    /// Reads the clock. To be called when the thread wakes up.
    package func wakeUp() {
        moment = clock.now()
    }

    /// Counts a call that has ended. `began` is when it was read, in boot nanoseconds.
    func ended(_ method: CallMethod, _ outcome: Response.Outcome, began: Int64) {
        guard let recorder else { return }
        switch outcome {
        case .nextID: recorder.meter.gave(ids: 1)
        case .nextBatch(let runs): recorder.meter.gave(ids: Self.count(runs))
        case .nextTickets(let runs): recorder.meter.gave(values: Self.count(runs))
        case .newPrefix: recorder.meter.gave(values: 1)
        default: break
        }
        recorder.ended(method, CallCode(outcome), began: began, now: moment.bootNanoseconds)
    }

    private static func count(_ runs: [Run]) -> UInt64 { runs.reduce(0) { $0 + UInt64($1.count) } }

    /// Tells the recorder that this wake-up's answers were sent.
    func sent() {
        guard let recorder, recorder.awaitsSending else { return }
        recorder.sent(after: bootNanosecondsNow - moment.bootNanoseconds)
    }

    /// The current time in boot nanoseconds, not the time at which the wake-up began.
    var bootNanosecondsNow: Int64 { clock.now().bootNanoseconds }

    package func describe() -> DaemonDescription {
        description()
    }

    /// Nanoseconds from this wake-up until `tick` begins.
    package func nanoseconds(untilTick tick: UInt64) -> Int64 {
        clock.nanoseconds(from: moment, untilTick: tick)
    }

    /// The deadline of a call that arrived in this wake-up, in boot nanoseconds.
    package func deadline(timeoutMilliseconds: UInt32) -> Int64 {
        timeoutMilliseconds == 0 ? .max : moment.bootNanoseconds + Int64(timeoutMilliseconds) * 1_000_000
    }

    /// The error for a batch of `count`; `nil` when the count is valid.
    package func objection(toCount count: UInt32) -> Status? {
        guard count > 0 else {
            return Status(.invalidArgument, "a batch of 0 IDs was asked for; ask for 1 to \(limits.maximumBatch)")
        }
        guard count <= limits.maximumBatch else {
            return Status(
                .invalidArgument,
                "a batch of \(count) IDs was asked for; one call gives at most \(limits.maximumBatch): ask more than once"
            )
        }
        return nil
    }

    /// The error of a call that cannot wait for `tick`; `nil` when it can.
    package func objection(toWaitingFor tick: UInt64) -> Status? {
        let wait = nanoseconds(untilTick: tick)
        guard wait > maximumWaitNanoseconds else { return nil }
        let milliseconds = UInt32(clamping: wait / 1_000_000)
        return Status(
            .unavailable,
            "the worker's IDs are used up to a time \(milliseconds) ms from now, as after a clock that was set back; try again then",
            retryAfterMilliseconds: milliseconds
        )
    }

    /// Whether a request that found no window waits for one: the windows were at rest, and this ends it.
    /// ``StoreAnswer/windows`` follows.
    func awaitsWindow() -> Bool {
        guard let listener, let rest = availability.rest else { return false }
        return rest.end(for: listener)
    }

    /// Why no IDs can be given out now; `nil` when they can.
    package var obstacle: Status? { availability.obstacle }

    /// The error when no window covers the current time.
    package var closed: Status { availability.refusal }

    /// The error when the layout's time field cannot hold the current time.
    package var expired: Status { .ended(layout) }
}

extension Status {
    /// The error of every call once the layout's time field cannot hold the current time. The condition is permanent,
    /// so the status has no retry delay.
    static func ended(_ layout: Layout) -> Status {
        Status(
            .failedPrecondition,
            "the layout \(layout.name) ended at \(layout.endOfUse); move to another layout or epoch"
        )
    }
}
