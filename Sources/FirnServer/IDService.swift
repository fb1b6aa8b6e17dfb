package import FirnEngine
package import FirnLayout
package import FirnWire

/// What the calls mean, apart from how they arrive and wait: one thread's view of the layout, the time and the limits.
///
/// Not for more than one thread at a time.
package final class IDService {
    package let layout: Layout
    package let limits: Limits
    /// The present of this wake-up: read once, so that all calls of one wake-up see one tick.
    package private(set) var moment: Moment

    /// Named sequences; `nil` where the host has none.
    let sequences: (any SequenceSource)?
    /// Counts this thread's calls; `nil` where nobody wants to know.
    let recorder: CallRecorder?

    private let clock: TickClock
    private let availability: Availability
    private let description: () -> DaemonDescription
    /// A call waits for a tick that is this near; a farther one (the clock was far ahead once) is UNAVAILABLE now.
    private let maximumWaitNanoseconds: Int64

    init(
        layout: Layout,
        limits: Limits,
        clock: TickClock,
        availability: Availability,
        sequences: (any SequenceSource)? = nil,
        recorder: CallRecorder? = nil,
        description: @escaping () -> DaemonDescription
    ) {
        self.layout = layout
        self.limits = limits
        self.clock = clock
        self.availability = availability
        self.sequences = sequences
        self.recorder = recorder
        self.description = description
        self.moment = clock.now()
        // Two ticks of a slow layout, or a second: longer than any burst's wait, shorter than a caller's patience.
        self.maximumWaitNanoseconds = max(
            1_000_000_000,
            Int64(clamping: layout.tickNanoseconds.multipliedReportingOverflow(by: 2).partialValue)
        )
    }

    /// Reads the clock. To be called when the thread wakes up.
    package func wakeUp() {
        moment = clock.now()
    }

    /// Counts a call that has ended, which was read at `began`; boot nanoseconds.
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

    /// The present, in boot nanoseconds, and not the wake-up's beginning.
    var bootNanosecondsNow: Int64 { clock.now().bootNanoseconds }

    package func describe() -> DaemonDescription {
        description()
    }

    /// Nanoseconds from this wake-up until `tick` begins.
    package func nanoseconds(untilTick tick: UInt64) -> Int64 {
        clock.nanoseconds(from: moment, untilTick: tick)
    }

    /// When a call that arrived in this wake-up is given up, in boot nanoseconds.
    package func deadline(timeoutMilliseconds: UInt32) -> Int64 {
        timeoutMilliseconds == 0 ? .max : moment.bootNanoseconds + Int64(timeoutMilliseconds) * 1_000_000
    }

    /// What is wrong with a batch of `count`; `nil` when nothing is.
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

    /// What a call is told when it cannot wait for `tick`; `nil` when it can.
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

    /// What a call is told when no window covers the present.
    package var closed: Status { availability.refusal }

    /// What a call is told when the layout's time field cannot hold the present.
    package var expired: Status { .ended(layout) }
}

extension Status {
    /// What everybody is told once the layout's time field cannot hold the present: for good, and so with no word of when
    /// to try again.
    static func ended(_ layout: Layout) -> Status {
        Status(
            .failedPrecondition,
            "the layout \(layout.name) ended at \(layout.endOfUse); move to another layout or epoch"
        )
    }
}
