package import FirnEngine
package import FirnLayout
internal import Glibc

extension MinterConfiguration {
    /// - Throws: `.invalidArgument` for a value that is out of its range.
    package func check() throws(MinterError) {
        func require(_ isInRange: Bool, _ message: String) throws(MinterError) {
            guard isInRange else { throw MinterError(.invalidArgument, message) }
        }
        if let window {
            try require(
                (.seconds(1)...(.seconds(3600))).contains(window),
                "The window is \(window): give 1 second to 1 hour, or nil."
            )
        }
        try require(timeout >= .milliseconds(1), "The timeout is \(timeout): give 1 millisecond or more.")
        try require(
            (0...1_048_576).contains(maximumWaiters),
            "maximumWaiters is \(maximumWaiters): give 0 to 1,048,576."
        )
        if let restAfter {
            try require(restAfter >= .seconds(1), "restAfter is \(restAfter): give 1 second or more, or nil for never.")
        }
        try require(clockTolerance >= .zero, "The clock tolerance is \(clockTolerance): give 0 or more.")
    }

    /// The clock of a layout that can be minted now.
    ///
    /// - Throws: `.invalidArgument` for a layout with a `mintingObstacle`, or one that does not have the configured worker; `.clockWrong`
    ///   for one that has not begun, `.ended` for one whose time is over.
    package func clock(for layout: Layout) throws(MinterError) -> TickClock {
        if let obstacle = layout.mintingObstacle {
            throw MinterError(.invalidArgument, "The layout \(layout.name) \(obstacle): take another one.")
        }
        if let worker, UInt64(worker) > layout.maximumWorker {
            throw MinterError(
                .invalidArgument,
                "The worker is \(worker), and the layout \(layout.name) has 0 to \(layout.maximumWorker)."
            )
        }
        let wall = SystemTimeSource().wallNanoseconds()
        guard let tick = layout.tick(atUnixNanoseconds: wall) else {
            throw MinterError(
                .clockWrong,
                "The layout \(layout.name) begins at \(layout.epoch), which is not yet: take an epoch in the past, or set the "
                    + "clock."
            )
        }
        guard tick < Space.endTick(of: layout) else {
            throw MinterError(
                .ended,
                "The time of the layout \(layout.name) ended at \(layout.endOfUse): take one with a later epoch, in a store of "
                    + "its own."
            )
        }
        return TickClock(layout: layout, source: SystemTimeSource(usesCounter: true), followLimit: clockTolerance)
    }

    /// A window in ticks. With fewer than three there is no tick in which it is extended before it ends.
    package func windowTicks(_ window: Duration, _ clock: TickClock) -> UInt64 { max(3, clock.ticks(in: window)) }

    /// What identifies this process to people.
    package static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static var podName: String? { getenv("POD_NAME").map { String(cString: $0) } }
}
