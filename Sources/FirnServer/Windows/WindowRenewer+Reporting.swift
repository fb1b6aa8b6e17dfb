package import FirnEngine
package import FirnLayout
package import FirnStore
package import FirnWindows
package import Logging

extension WindowRenewer {
    /// A renewer whose state goes to the daemon's log, its readiness and its metrics.
    ///
    /// - Parameters:
    ///   - meter: gets the state of the workers and the clock at every step; it has as many places as there are slots.
    ///   - watch: records what the renewer's thread waits for.
    package convenience init(
        slots: [WorkerSlot],
        rule: WorkerRule,
        claims: any WorkerSource,
        clock: TickClock,
        layout: Layout,
        shardsPerWorker: Int,
        firstSequence: FirstSequence = .zero,
        availability: Availability,
        meter: WindowMeter? = nil,
        watch: StoreWatch? = nil,
        rest: WindowRest? = nil,
        restAfter: Duration? = nil,
        logger: Logger
    ) {
        self.init(
            slots: slots,
            rule: rule,
            claims: claims,
            clock: clock,
            layout: layout,
            shardsPerWorker: shardsPerWorker,
            firstSequence: firstSequence,
            observer: WindowReporter(
                layout: layout,
                claims: claims,
                availability: availability,
                meter: meter,
                watch: watch,
                logger: logger
            ),
            rest: rest,
            restAfter: restAfter
        )
    }
}
