package import FirnServer
package import NIOCore

/// When the timeouts of an event loop's connections are checked. Connections are named by their slots, small numbers.
///
/// A timeout that becomes later is not moved: its check finds the later time, and schedules the next check for it.
package final class TimeoutChecks {
    /// In NIO's uptime nanoseconds.
    private var heap = DeadlineHeap()
    private let timer: EarliestTimer

    /// The precision of timeouts, in nanoseconds.
    private static let granularity: UInt64 = 250_000_000

    package init(_ eventLoop: any EventLoop) {
        timer = EarliestTimer(eventLoop)
    }

    /// Sets what checks a slot that is due. It schedules the slot's next check.
    package func connect(to check: @escaping (_ slot: Int, _ now: NIODeadline) -> Void) {
        timer.body = { [weak self] in
            guard let self else { return }
            let now = NIODeadline.now()
            while let slot = heap.popDue(now: Int64(now.uptimeNanoseconds)) { check(slot, now) }
            setTimer()
        }
    }

    /// Has a slot checked once this time has passed, unless that happens earlier anyway.
    package func schedule(_ slot: Int, at: NIODeadline) {
        guard Int64(clamping: at.uptimeNanoseconds) < heap.deadline(of: slot) else { return }
        let granules = max(at, .now()).uptimeNanoseconds / Self.granularity + 1
        heap.set(slot, to: Int64(granules * Self.granularity))
        setTimer()
    }

    /// The slot's connection is closed.
    package func remove(_ slot: Int) {
        heap.set(slot, to: .max)
    }

    package func cancel() {
        timer.cancel()
    }

    private func setTimer() {
        guard heap.count > 0 else { return }
        timer.set(to: .uptimeNanoseconds(UInt64(heap.earliest)))
    }
}
