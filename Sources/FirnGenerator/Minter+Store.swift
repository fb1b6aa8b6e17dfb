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
        guard layout.hasTime else {
            throw MinterError(
                .invalidArgument,
                "The layout \(layout.name) has no time, so no worker can mint it: take another one."
            )
        }
        if let worker = configuration.worker, UInt64(worker) > layout.maximumWorker {
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
        clock = TickClock(layout: layout, followLimit: configuration.clockTolerance)
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
                    layout: layout.name,
                    unixMilliseconds: { [layout] in layout.unixMilliseconds(ofTick: $0) },
                    text: { UTCTime(unixMilliseconds: $0).description }
                ),
                storage: try store.stateDirectory.map { path throws(StoreError) in try StateDirectory(path: path) }
            )
            let bare = try store.open(window: window)
            claims = makeClaims(RollbackDetectingStore(bare, journal: journal), journal)
            journal.identified(as: try LayoutRecord.check(claims.store, layout: layout.name))
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
                host: Self.hostName,
                pod: getenv("POD_NAME").map { String(cString: $0) },
                pid: UInt32(getpid()),
                instance: .random(in: 0...(.max))
            ),
            maximumWorker: UInt32(clamping: layout.maximumWorker),
            maximumTick: Space.endTick(of: layout) - 1,
            // With fewer there is no tick in which it is extended before it ends.
            windowTicks: max(3, clock.ticks(in: window)),
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

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension MinterConfiguration {
    /// - Throws: `.invalidArgument` for a value that is out of its range.
    func check() throws(MinterError) {
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
