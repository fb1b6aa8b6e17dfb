internal import ArgumentParser
internal import FirnConfiguration
internal import FirnLayout
internal import FirnSQLite
internal import FirnStore

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The store that daemons share. The command opens it itself: it needs no daemon, because none may be running.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store: sqlite:PATH, postgres://USER@HOST/DATABASE or etcd:HOST:PORT. (default: $FIRN_STORE, or where firnd keeps it by default)",
            valueName: "store"
        )
    )
    var store: String?

    @OptionGroup(title: "With --store etcd:HOST:PORT")
    var etcd: EtcdOptions

    @OptionGroup(title: "With --store postgres://HOST/DATABASE")
    var postgres: PostgresOptions

    /// The store's location. Nothing is opened.
    var location: StoreLocation {
        get throws {
            guard let given = store ?? Environment.ofProcess()["FIRN_STORE"] else {
                return .sqlite(path: Self.paths.storePath)
            }
            let location = try StoreLocation(parsing: given)
            if case .firn = location {
                throw ConfigurationError(
                    "--store \(location) is another daemon's store, for daemons; give the store itself, which that one has"
                )
            }
            guard location != .memory else {
                throw ConfigurationError(
                    "--store memory is inside a daemon, where no command reaches it; see firn describe"
                )
            }
            return location
        }
    }

    static var paths: DefaultPaths {
        let environment = Environment.ofProcess()
        return DefaultPaths(environment: { environment[$0] })
    }

    /// Opens the store, and reads its layout.
    ///
    /// - Parameter forReading: Nothing is written. If this user may not write an SQLite file, it is still read, with a
    ///   message on standard error.
    func open(forReading: Bool = false) throws -> OpenStore {
        let location = try location
        let remote = try RemoteStore.make(
            location,
            etcd: etcd,
            postgres: postgres,
            upstream: nil,
            window: nil
        )
        let store = try location.open(forReading ? .read : .write, remote: remote)
        if forReading, let file = store as? SQLiteStore { try Self.note(file, location) }
        guard let record = try LayoutRecord.read(store) else {
            throw StoreError(
                code: .missing,
                message: "no daemon has used the store \(location) yet: it has no layout, and nothing to show"
            )
        }
        do {
            return OpenStore(
                store: store,
                name: location.name(remote),
                record: record,
                layout: try Layout(parsing: record.layout)
            )
        } catch {
            throw StoreError(
                code: .corrupt,
                message: "the store's layout \(RecordReader.beginning(of: record.layout)) cannot be read: "
                    + error.message
            )
        }
    }
}

extension StoreOptions {
    /// Says on standard error what is special about reading a file.
    private static func note(_ file: SQLiteStore, _ location: StoreLocation) throws(StoreError) {
        if file.isReadOnly {
            StandardError.write(line: "firn: the store \(location) may not be written by this user, and is only read")
        }
        if try !file.hasSums() {
            StandardError.write(
                line: "firn: the store \(location) was made by an earlier version, without sums of its records: a "
                    + "record that the disk has changed is not noticed until firnd adds them at its start"
            )
        }
    }
}

/// A store with its layout, which gives its ticks a meaning.
struct OpenStore {
    let store: any Store
    let name: String
    let record: LayoutRecord
    let layout: Layout

    /// The clocks of hosts may differ by this much before a limit counts as wrong: firnd's `--clock-tolerance`.
    static let tolerance = Duration.seconds(3600)

    /// The current time by this host's clock.
    var now: StoreInstant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let nanoseconds = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        return StoreInstant(
            tick: layout.tick(atUnixNanoseconds: nanoseconds) ?? 0,
            unixMilliseconds: UInt64(max(0, nanoseconds) / 1_000_000)
        )
    }

    /// When a tick begins, to the millisecond.
    func time(_ tick: UInt64) -> UTCTime {
        layout.roundedTime(ofTick: tick)
    }

    /// The number of ticks in these milliseconds, rounded up.
    func ticks(milliseconds: UInt64) -> UInt64 {
        let (nanoseconds, isTooMuch) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return isTooMuch ? .max : (nanoseconds + layout.tickNanoseconds - 1) / layout.tickNanoseconds
    }

    func report() throws(StoreError) -> StoreReport {
        try StoreReport(store, bounds: bounds)
    }

    /// What the records are checked against.
    var bounds: StoreReport.Bounds {
        StoreReport.Bounds(
            maximumWorker: layout.maximumWorker,
            endTick: layout.maximumTick + 1,
            nowTick: now.tick,
            // The tolerance of an hour, and a minute for the window of a store on other hosts.
            ticksAhead: ticks(milliseconds: 3_660_000),
            text: { [layout] in "\(layout.roundedTime(ofTick: $0))" }
        )
    }

    /// This command, as the holder in the records that it writes.
    static var operatorHolder: Holder {
        var name = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&name, name.count - 1) == 0
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Holder(
            host: isNamed ? host : "unknown",
            pod: Holder.operatorPod,
            pid: UInt32(getpid()),
            instance: .random(in: 0...(.max))
        )
    }
}

/// Asks for confirmation before something irreversible is done.
enum Confirmation {
    /// Returns if `--yes` was given or the user at the terminal wrote yes.
    ///
    /// - Parameter inputIsRead: Standard input has something else to read, so nobody can answer there.
    /// - Throws: ``Refusal``.
    static func ask(_ question: String, isGiven: Bool, inputIsRead: Bool = false) throws {
        if isGiven { return }
        guard !inputIsRead else {
            throw Refusal(
                message: "\(question) Standard input has the IDs, so nobody can be asked there: give --yes if that is "
                    + "meant.",
                exitCode: .usage
            )
        }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw Refusal(
                message: "\(question) There is no terminal to ask at: give --yes if that is meant.",
                exitCode: .usage
            )
        }
        StandardError.write(line: question)
        StandardError.write(line: "Write 'yes' to go on:")
        guard readLine() == "yes" else { throw Refusal(message: "Nothing was changed.", exitCode: .temporaryFailure) }
    }
}
