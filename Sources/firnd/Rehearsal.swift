internal import FirnConfiguration
internal import FirnEngine
internal import FirnFiles
internal import FirnLayout
internal import FirnSQLite
internal import FirnServer
internal import FirnStore
internal import FirnWindows

/// The start without claiming, for `--check`. The same code as in a start does the checks, and nothing is created,
/// changed or claimed.
///
/// Temporary conditions are notes and not refusals: for example, a daemon that serves at this address may be the one
/// that the checked configuration will replace, and a start waits for a worker. Of the stores on other hosts only that of another
/// daemon is contacted, and the workers there are not counted.
struct Rehearsal {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// - Returns: notes for the reader.
    /// - Throws: the errors of a start, with the same exit codes.
    func run() throws -> [String] {
        var notes: [String] = []
        let source = SystemTimeSource(wallOffset: configuration.clockOffset)
        if let time = ClockWait.unsetTime(source) {
            notes.append("the wall clock says \(time) and was not set; a daemon waits until it is")
        } else {
            try LayoutSpan.check(configuration.layout, wallNanoseconds: source.wallNanoseconds())
        }
        if let path = configuration.tokenFile { _ = try TokenFile.read(path) }
        for use in configuration.pathsUsed { try examine(use, &notes) }
        try examineAddresses(&notes)
        try examineState(&notes)
        try examineStore(source, &notes)
        return notes
    }

    private func examine(_ use: DefaultPaths.Use, _ notes: inout [String]) throws(ConfigurationError) {
        guard try !configuration.paths.examineDirectory(for: use) else { return }
        let note = "the directory \(configuration.paths.directory(for: use)) is not there and will be made"
        if !notes.contains(note) { notes.append(note) }
    }

    private func examineAddresses(_ notes: inout [String]) throws {
        let isDirectoryMade =
            try configuration.pathsUsed.contains(.socket) && !configuration.paths.examineDirectory(for: .socket)
        let frames = configuration.addresses
            // If the directory does not exist yet, there is no socket to check.
            .filter { !isDirectoryMade || $0 != .unix(path: configuration.paths.socketPath) }
            .map { (name: "--listen \($0)", address: $0) }
        let http = configuration.http.addresses.map { (name: "--http \($0.withoutTCP)", address: $0) }
        let grpc = configuration.grpc.addresses.map { (name: "--grpc \($0.withoutTCP)", address: $0) }
        let admin = configuration.http.adminAddresses.map { (name: "--admin \($0.withoutTCP)", address: $0) }
        for (name, address) in frames + http + grpc + admin {
            do throws(ListenError) {
                try address.examine(
                    allowsAnyHost: configuration.allowsAnyHost(at: address),
                    name: name,
                    isIPv6Only: configuration.ipv6Only.contains(address)
                )
            } catch {
                guard error.isOfAnother else { throw error }
                notes.append("\(name) is in use at the moment, and a daemon that is started now would be refused")
            }
        }
    }

    private func examineState(_ notes: inout [String]) throws {
        switch configuration.state {
        case .nowhere:
            return
        case .directory(let path):
            do throws(StoreError) {
                if try StateDirectory.examine(path: path) { return }
            } catch {
                // A start also only warns of a full disk, and serves.
                guard error.code == .diskFull else { throw error }
                return notes.append("what the store grants will not be remembered: \(error)")
            }
            notes.append("the directory \(path) is not there and will be made")
        case .standard(let paths):
            do {
                try examine(.state, &notes)
                if try paths.examineDirectory(for: .state) {
                    _ = try StateDirectory.examine(path: paths.stateDirectory)
                }
            } catch  where error is ConfigurationError || Self.isOfPlace(error) {
                notes.append("what the store grants will not be remembered: \(error)")
            }
        }
    }

    private static func isOfPlace(_ error: any Error) -> Bool {
        let code = (error as? StoreError)?.code
        return code == .unwritable || code == .diskFull
    }

    /// Checks the store's file against the layout and the clock.
    private func examineStore(_ source: SystemTimeSource, _ notes: inout [String]) throws {
        if case .firn = configuration.store { return try examineUpstream(&notes) }
        guard case .sqlite(let path) = configuration.store else {
            if configuration.remote != nil {
                notes.append(
                    "the store was not contacted: its layout, and whether a worker is free there, were not checked"
                )
            }
            return
        }
        if configuration.pathsUsed.contains(.store), try !configuration.paths.examineDirectory(for: .store) { return }
        let grants = try configuration.state.existing()?.grants()
        guard let examined = try SQLiteStore.examine(path: path) else {
            // A misspelled path would create an empty store.
            return notes.append("the store \(path) is not there and will be made")
        }
        try hold(examined, grants, source, &notes)
    }

    /// Reads the layout from the store of another daemon: one that does not answer may do so when this one starts, and one that
    /// refuses will refuse then, too.
    private func examineUpstream(_ notes: inout [String]) throws {
        do throws(StoreError) {
            let store = try configuration.store.open(remote: configuration.remote)
            guard let record = try LayoutRecord.read(store) else {
                return notes.append("the daemons of --store answer, and no daemon has used their store yet")
            }
            try record.compare(with: configuration.layout.sharedText)
            notes.append(
                "the daemons of --store answer, and their store has this layout; whether a worker is free there was not checked"
            )
        } catch {
            guard error.code == .unavailable else { throw error }
            notes.append("a daemon that is started now waits until those of --store answer: \(error)")
        }
    }

    private func hold(
        _ examined: ExaminedStore,
        _ grants: [Grant]?,
        _ source: SystemTimeSource,
        _ notes: inout [String]
    ) throws {
        let layout = configuration.layout
        let storeName = configuration.store.name(nil)
        let journal = GrantJournal(
            examining: GrantJournal.Context(
                storeName: storeName,
                unixMilliseconds: { layout.unixMilliseconds(ofTick: $0) },
                text: { UTCTime(unixMilliseconds: $0).description }
            ),
            // If the file's log was not read, the recorded grants may be in it, so the file is not compared with them.
            recorded: examined.isWhole ? grants : nil
        )
        let clock = TickClock(layout: layout, source: source, followLimit: configuration.clockTolerance)
        let findings = WorkerFindings()
        try Daemon.check(examined.records, configuration, journal, clock, findings)
        let found = findings.takeUnreported()
        notes += found.farAhead.map { worker in
            "worker \(worker.worker) is unused until \(layout.roundedTime(ofTick: worker.freeFromTick)), because the clock of "
                + "\(worker.holder.text) was ahead; a daemon with that --worker does not start before then"
        }
        notes += found.unreadable.map { "\($0.message); its worker counts as taken" }
        if examined.isWhole {
            notes += try Self.workerNotes(examined.records, configuration, journal, clock)
        } else {
            notes.append("the log of the store could not be read: whether a worker is free was not checked")
        }
        guard examined.isWhole, let recorded = examined.recordedPlace,
            let what = CopiedStore.finding(examined.presentPlace, recorded, storeName)
        else { return }
        if case .fixed(let worker) = configuration.rule {
            throw CopiedStore.refusal(what, worker: worker, storeName)
        }
        notes.append(what)
    }
}
