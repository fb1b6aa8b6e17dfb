internal import FirnEngine
internal import FirnLayout
internal import Logging

/// Logs the state of the wall clock, and that the layout's last day is near. Each is logged once, not once per second.
struct ClockReporter {
    private let layout: Layout
    private let logger: Logger
    private var wasSlewing = false
    private var warnedOfEndAt: Int64?

    /// Gaps below this are caused by the clocks' resolution and the time between two readings.
    static let noticeable: Int64 = 10_000_000
    private static let year: Int64 = 365 * 86_400 * 1_000_000_000
    private static let day: Int64 = 86_400 * 1_000_000_000

    init(layout: Layout, logger: Logger) {
        self.layout = layout
        self.logger = logger
    }

    mutating func steered(_ steering: ClockSteering, moment: Moment) {
        let offset: Logger.MetadataValue = "\(steering.offsetNanoseconds / 1_000_000)"
        if steering.isSlewing, !wasSlewing, abs(steering.offsetNanoseconds) >= Self.noticeable {
            wasSlewing = true
            logger.warning(
                "the wall clock was set back, or far ahead: IDs go on by the daemon's own time, which closes the gap slowly",
                metadata: ["wall_ahead_ms": offset]
            )
        } else if wasSlewing, abs(steering.offsetNanoseconds) < Self.noticeable {
            wasSlewing = false
            logger.notice("the daemon's time and the wall clock agree again")
        } else if !steering.isSlewing, steering.offsetNanoseconds >= Self.noticeable {
            logger.notice("the wall clock was set ahead and is followed", metadata: ["wall_ahead_ms": offset])
        }
        warnOfEnd(moment)
    }

    private mutating func warnOfEnd(_ moment: Moment) {
        guard let end = layout.lastInstant?.unixNanoseconds, end - moment.unixNanoseconds < Self.year else { return }
        if let last = warnedOfEndAt, moment.bootNanoseconds - last < Self.day { return }
        warnedOfEndAt = moment.bootNanoseconds
        logger.warning(
            "the layout's time field ends within a year; plan the move to another layout or epoch",
            metadata: ["layout": "\(layout.name)", "last_day": "\(layout.lastDay ?? "")"]
        )
    }
}
