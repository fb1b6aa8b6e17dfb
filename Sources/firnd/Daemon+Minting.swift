internal import FirnConfiguration
internal import FirnEngine
internal import FirnServer
internal import FirnStore
internal import FirnTLS
internal import FirnWindows
internal import FirnWire
internal import Logging

/// What gives out IDs, values and leases, without sockets and threads.
struct Minting: Sendable {
    let clock: TickClock
    let journal: GrantJournal
    let findings: WorkerFindings
    let claims: WorkerClaims
    let slots: [WorkerSlot]
    let rest: WindowRest
    let availability: Availability
    let sequences: Sequences
    let desks: Desks
    let description: @Sendable () -> DaemonDescription
    /// Nil: nothing is counted.
    let admin: Admin?

    /// - Parameter meters: of the threads of one server.
    func source(_ configuration: Configuration, _ meters: [ShardMeter]?) -> MintSource {
        MintSource(
            slots: slots,
            layout: configuration.layout,
            clock: clock,
            limits: configuration.limits,
            availability: availability,
            sequences: sequences,
            desks: desks,
            meters: meters,
            description: description
        )
    }
}

extension Daemon {
    /// Opens the state directory and the store.
    func makeMinting(_ listeners: DaemonListeners, _ tokens: TokenFile?) throws -> Minting {
        let clock = TickClock(
            layout: configuration.layout,
            source: SystemTimeSource(wallOffset: configuration.clockOffset),
            followLimit: configuration.clockTolerance
        )
        let journal = try watch.during("open the state directory") { try makeJournal() }
        let admin =
            listeners.http.admin.isEmpty
            ? nil
            : Admin(configuration, listeners: listeners, clock: clock, log: output.writer, tokens: tokens?.gate)
        let findings = WorkerFindings(countsFree: admin != nil)
        let store = try waitingForLock {
            try openStore(journal: journal, clock: clock, findings: findings, meter: admin?.meters.store)
        }
        let claims = Self.makeClaims(configuration, store: store, journal: journal, clock: clock, findings: findings)
        let slots = (0..<configuration.workers).map { _ in WorkerSlot() }
        let rest = WindowRest()
        let availability = Availability(slots: slots, clock: clock, watch: watch, rest: rest)
        return Minting(
            clock: clock,
            journal: journal,
            findings: findings,
            claims: claims,
            slots: slots,
            rest: rest,
            availability: availability,
            sequences: try Sequences(
                claims: SequenceClaims(store: store, holder: claims.holder, journal: journal),
                configuration: configuration.sequences,
                logger: logger
            ),
            desks: makeDesks(claims, store, clock, slots),
            description: makeDescription(slots, availability),
            admin: admin
        )
    }

    private func makeDesks(_ claims: WorkerClaims, _ store: any Store, _ clock: TickClock, _ slots: [WorkerSlot])
        -> Desks
    {
        Desks(
            leases: configuration.leases.map {
                LeaseDesk(
                    claims: claims,
                    layout: configuration.layout,
                    clock: clock,
                    configuration: $0,
                    ownWorkers: { Set(slots.compactMap { $0.current().space.map { UInt32($0.worker) } }) }
                )
            },
            records: configuration.servesStore ? RecordDesk(store: store, maximumWorker: claims.maximumWorker) : nil
        )
    }

    private func makeDescription(
        _ slots: [WorkerSlot],
        _ availability: Availability
    ) -> @Sendable () -> DaemonDescription {
        { [configuration] in
            DaemonDescription(
                version: FirnVersion.text,
                layout: configuration.layout,
                workers: slots.compactMap { $0.current().space.map { UInt32($0.worker) } },
                maximumBatch: configuration.limits.maximumBatch,
                readiness: availability.readiness,
                maximumLeaseWindowMilliseconds: configuration.leases.map {
                    UInt64($0.maximumWindow.nanoseconds / 1_000_000)
                } ?? 0
            )
        }
    }

    /// Starts the thread that claims the workers and extends their windows.
    func startWindows(_ minting: Minting, _ listeners: DaemonListeners, _ tokens: TokenFile?) -> WindowThread {
        let shardsPerWorker = Server.shardsPerWorker(
            workers: minting.slots.count,
            reactors: listeners.mintingThreads(configuration)
        )
        let (frames, certificates) = (listeners.frames, listeners.tls.certificates)
        return WindowThread(rest: minting.rest) { [configuration, logger, stop, watch] in
            let renewer = WindowRenewer(
                slots: minting.slots,
                rule: configuration.rule,
                claims: minting.claims,
                clock: minting.clock,
                layout: configuration.layout,
                shardsPerWorker: shardsPerWorker,
                firstSequence: configuration.firstSequence,
                availability: minting.availability,
                meter: minting.admin?.meters.windows,
                watch: watch,
                rest: minting.rest,
                restAfter: configuration.restAfter,
                logger: logger
            )
            // This thread wakes up that often anyway; the main thread does the work.
            renewer.everySecond = {
                if !frames.areInPlace || tokens?.hasChanged == true || certificates?.haveChanged == true {
                    stop.haveChoreDone()
                }
            }
            renewer.storeSetBack = { minting.sequences.storeSetBack() }
            return renewer
        }
    }
}
