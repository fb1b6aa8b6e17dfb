internal import FirnEngine
internal import FirnFiles
public import FirnLayout
// So that a program needs one import.
@_exported public import FirnMinter
internal import FirnSQLite
internal import FirnStore
internal import FirnWindows
internal import Glibc

extension Minter {
    /// A minter with a worker of this store, in a process that has no daemon.
    ///
    /// Returns after the first attempt to claim a worker. When none was free, ``obstacle`` says why, and the minter goes on
    /// trying.
    ///
    /// - Parameters:
    ///   - store: Where the worker is from. Firn's own file is made at the first use; its layout is written into it.
    ///   - layout: Of the IDs; with a time field. All minters and daemons of a store have the same one.
    ///   - configuration: How the worker is kept.
    /// - Throws: `.invalidArgument` for a value that is out of its range, or a layout without time; `.ended` for a layout whose
    ///   time is over; `.clockWrong` when the store's records are ahead of this host's clock by more than the tolerance;
    ///   `.storeRefused` when the store cannot be used until somebody changes something, `.unavailable` when it does not
    ///   answer.
    public convenience init(
        store: MinterStore,
        layout: Layout = .snowflake,
        configuration: MinterConfiguration = MinterConfiguration()
    ) async throws(MinterError) {
        let opening = try MinterOpening(store: store, layout: layout, configuration: configuration)
        self.init(try await opening.perform().get())
    }
}

/// Opens a store for a minter, and checks that it can be claimed in.
struct MinterOpening: Sendable {
    private let store: MinterStore
    private let layout: Layout
    private let configuration: MinterConfiguration
    private let window: Duration
    private let clock: TickClock

    init(store: MinterStore, layout: Layout, configuration: MinterConfiguration) throws(MinterError) {
        try configuration.check()
        self.store = store
        self.layout = layout
        self.configuration = configuration
        window = configuration.window ?? store.defaultWindow
        clock = try configuration.clock(for: layout)
    }

    /// Opens the store and makes the first claim, on a thread of their own, because they block.
    func perform() async -> Result<OpenedMinter, MinterError> {
        await withCheckedContinuation { continuation in
            NativeThread(name: "firn-open") {
                continuation.resume(
                    returning: Result { () throws(MinterError) in
                        OpenedMinter(claims: try claims(), layout: layout, clock: clock, configuration: configuration)
                    }
                )
            }
            .detach()
        }
    }

    private func claims() throws(MinterError) -> WorkerClaims {
        let claims: WorkerClaims
        let verdict: WorkerClaims.ClockCheck
        do throws(StoreError) {
            let journal = try GrantJournal(
                GrantJournal.Context(
                    storeName: store.description,
                    layout: layout.sharedText,
                    unixMilliseconds: { [layout] in layout.unixMilliseconds(ofTick: $0) },
                    text: { UTCTime(unixMilliseconds: $0).description }
                ),
                storage: try store.stateDirectory.map { path throws(StoreError) in try StateDirectory(path: path) }
            )
            let bare = try store.open(window: window)
            claims = makeClaims(RollbackDetectingStore(bare, journal: journal), journal)
            journal.identified(as: try LayoutRecord.check(claims.store, layout: layout.sharedText))
            try journal.verify(claims.store)
            if let file = bare as? SQLiteStore { try checkPlace(file) }
            verdict = try claims.checkClock(
                nowTick: clock.now().tick,
                allowedTicks: clock.ticks(in: configuration.clockTolerance)
            )
        } catch {
            throw MinterError(error)
        }
        guard case .clockBehind(let storeTick, let nowTick, let worker, let holder) = verdict else { return claims }
        throw MinterError(
            .clockWrong,
            "This host's clock says \(layout.roundedTime(ofTick: nowTick)), but worker \(worker) was already used up to "
                + "\(layout.roundedTime(ofTick: storeTick)) by \(holder.text): set this clock if it is behind, or raise the "
                + "clock tolerance; if the other one's was ahead, stop that holder and run 'firn workers release \(worker) "
                + "--holder-is-dead'."
        )
    }

    private func makeClaims(_ store: any Store, _ journal: GrantJournal) -> WorkerClaims {
        WorkerClaims(
            store: store,
            holder: Holder(
                host: MinterConfiguration.hostName,
                pod: MinterConfiguration.podName,
                pid: UInt32(getpid()),
                instance: .random(in: 0...(.max))
            ),
            maximumWorker: UInt32(clamping: layout.maximumWorker),
            maximumTick: Space.endTick(of: layout) - 1,
            windowTicks: configuration.windowTicks(window, clock),
            journal: journal,
            outlierTicks: clock.ticks(in: WorkerClaims.outlierDistance),
            clockID: StorePlace.currentBoot,
            testimonyTicks: clock.ticks(in: TestimonyTimer.interval)
        )
    }

    /// A copy of a file that is in use elsewhere has the same workers: a fixed one would be used twice for sure.
    private func checkPlace(_ file: SQLiteStore) throws(StoreError) {
        let present = file.presentPlace
        guard let recorded = try file.recordedPlace() else { return try file.recordPlace() }
        guard present.difference(from: recorded) != nil else {
            if present != recorded { try file.recordPlace() }
            return
        }
        let what =
            "\(store) seems to be a copy: it was used as \(recorded.description), and this is \(present.description)"
        if let worker = configuration.worker {
            throw StoreError(
                code: .copied,
                message:
                    "\(what); if that one is in use, IDs of worker \(worker) are minted twice. Once it is not, run "
                    + "'firn store adopt --store \(store)'"
            )
        }
        configuration.onEvent?(MinterEvent(.warning, "\(what); once that one is not in use, run 'firn store adopt'"))
    }
}

extension MinterError {
    init(_ error: StoreError) {
        self.init(
            error.needsSomebodyOfHost ? .storeRefused : .unavailable,
            "The store cannot be used: \(error)",
            retryAfter: error.needsSomebodyOfHost ? nil : .seconds(1)
        )
    }
}
