internal import NIOCore

/// One timer for the earliest of many instants. It is set anew only for an earlier one, so that calls that end in time,
/// which nearly all do, set none.
struct Alarm {
    /// A timer that goes off often goes through all that waits each time; so no oftener than this.
    private static let resolution = Duration.milliseconds(1)

    /// When it goes off. Apart from the task, so that looking at it copies none.
    private var instant: ContinuousClock.Instant?
    private var task: Scheduled<Void>?

    /// Whether there is nothing to set for this instant, or for nil, which is never. Asked first, for making the closure
    /// to set costs more than asking.
    func isSet(for instant: ContinuousClock.Instant?) -> Bool {
        guard let instant else { return self.instant == nil }
        guard let earlier = self.instant else { return false }
        return earlier <= instant
    }

    /// Sees to it that `body` is called on the event loop at the instant or before; nil: that it is not.
    mutating func set(
        for instant: ContinuousClock.Instant?,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Void
    ) {
        guard !isSet(for: instant) else { return }
        cancel()
        guard let instant else { return }
        let delay = max(Self.resolution, instant - .now)
        self.instant = instant
        task = eventLoop.scheduleTask(in: TimeAmount(delay), body)
    }

    /// The timer went off.
    mutating func rang() {
        (instant, task) = (nil, nil)
    }

    mutating func cancel() {
        task?.cancel()
        (instant, task) = (nil, nil)
    }
}
