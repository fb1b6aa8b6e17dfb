internal import NIOCore

/// One timer for the earliest of many instants. It is set again only for an earlier one, so that calls that end in time,
/// which nearly all do, set no timer.
struct Alarm {
    /// Each time the timer fires everything that waits is scanned, so it fires at most once in this time.
    private static let resolution = Duration.milliseconds(1)

    /// When it fires. It is stored apart from the task, so that reading it copies no reference.
    private var instant: ContinuousClock.Instant?
    private var task: Scheduled<Void>?

    /// Whether the timer is set for this instant or an earlier one; nil stands for no instant. Checked first, because making
    /// the closure for ``set(for:on:_:)`` costs more than the check.
    func isSet(for instant: ContinuousClock.Instant?) -> Bool {
        guard let instant else { return self.instant == nil }
        guard let earlier = self.instant else { return false }
        return earlier <= instant
    }

    /// Has `body` called on the event loop at the instant or before; nil cancels the timer.
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

    /// The timer fired.
    mutating func rang() {
        (instant, task) = (nil, nil)
    }

    mutating func cancel() {
        task?.cancel()
        (instant, task) = (nil, nil)
    }
}
