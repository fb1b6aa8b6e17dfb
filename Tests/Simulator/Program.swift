import FirnLayout
import Glibc

/// The command line: runs seeds, and tells of the first that goes wrong.
struct Program {
    private var firstSeed: UInt64 = 1
    private var count: UInt64 = 200
    private var minutes: Double?
    private var isHashShown = false
    private var isStory = false
    private var isShrinking = true

    static let usage = """
        firn-sim [--seeds N] [--seed S] [--minutes M] [--story] [--hash] [--no-shrink]

        Runs seeds 1 to N (200) of the simulation. Each is one run of daemons, minters and leases with the faults that the seed
        draws, and each run of a seed is the same. Ends with 1 and the story of a smaller run when a promise is broken.

          --seed S      only this one, or the first one with --seeds or --minutes
          --minutes M   as many seeds as fit
          --story       tell what happens in each run
          --hash        show the digest of each run's trace
          --no-shrink   tell of the run as it was

        """

    init(_ arguments: [String]) {
        var rest = arguments[...]
        var isCounted = false
        func number(_ option: String) -> String {
            guard let text = rest.popFirst() else { Self.fail("\(option) needs a number") }
            return text
        }
        func natural(_ option: String) -> UInt64 {
            let text = number(option)
            guard let value = UInt64(text) else { Self.fail("\(option) \(text) is no natural number") }
            return value
        }
        while let option = rest.popFirst() {
            switch option {
            case "--seeds": (count, isCounted) = (natural(option), true)
            case "--seed":
                firstSeed = natural(option)
                if !isCounted { count = 1 }
            case "--minutes":
                let text = number(option)
                guard let value = Double(text), value > 0 else { Self.fail("--minutes \(text) is no time") }
                (minutes, count, isCounted) = (value, .max, true)
            case "--story": isStory = true
            case "--hash": isHashShown = true
            case "--no-shrink": isShrinking = false
            case "--help", "-h":
                print(Self.usage, terminator: "")
                Glibc.exit(0)
            default: Self.fail("\(option) is no option; --help names them")
            }
        }
    }

    private static func fail(_ text: String) -> Never {
        complain("firn-sim: \(text)\n")
        Glibc.exit(64)
    }

    func run() -> Int32 {
        CrashNote.install()
        var totals = Totals()
        let began = Self.now()
        var shown = began
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var seed = firstSeed
        while totals.runs < count {
            if let minutes, Self.now() - began > minutes * 60 { break }
            CrashNote.seed = seed
            let outcome = Simulation(Plan(seed: seed), tell: isStory ? { print($0) } : nil).run()
            totals.add(outcome)
            if isHashShown { print("seed \(seed) hash \(hexadecimal(outcome.hash)) events \(outcome.events)") }
            if !outcome.violations.isEmpty {
                tellOf(seed, outcome)
                return 1
            }
            if Self.now() - shown > (isTerminal ? 0.5 : 10) {
                shown = Self.now()
                print(totals.progress(of: count, after: shown - began), terminator: isTerminal ? "\r" : "\n")
                fflush(nil)
            }
            seed += 1
        }
        print(totals.summary(after: Self.now() - began))
        return 0
    }

    private func tellOf(_ seed: UInt64, _ outcome: Simulation.Outcome) {
        print("seed \(seed) went wrong:")
        for violation in outcome.violations { print("  \(violation)") }
        guard isShrinking else { return }
        var shrinker = Shrinker(Plan(seed: seed))
        shrinker.shrink()
        let plan = shrinker.plan
        print(
            "\nThe same with \(plan.faults.count) faults and \(plan.places - plan.leftOut.count) that take part; layout "
                + "\(plan.layout.name), window \(plan.window / seconds) s:\n"
        )
        _ = Simulation(plan, tell: { print($0) }).run()
        print("\nAgain: scripts/simulate --seed \(seed)")
    }

    static func now() -> Double { read(CLOCK_MONOTONIC) }

    /// The processor's time that this process has used.
    static var processorSeconds: Double { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// Writes to the standard error output.
func complain(_ text: String) {
    var text = text
    text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

func hexadecimal(_ number: UInt64) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
}

/// Of all runs.
struct Totals {
    private(set) var runs: UInt64 = 0
    private var faults: [FaultKind: Int] = [:]
    private var given: UInt64 = 0
    private var values = 0
    private var excused = 0
    private var processMinutes = 0.0

    mutating func add(_ outcome: Simulation.Outcome) {
        runs += 1
        faults.merge(outcome.faults) { $0 + $1 }
        given += outcome.given
        values += outcome.values
        excused += outcome.excused
        processMinutes += Double(outcome.processNanoseconds) / 60e9
    }

    func progress(of count: UInt64, after time: Double) -> String {
        let share = count == .max ? "" : " of \(count)"
        return "\(runs)\(share) runs, \(Int(Double(runs) / time)) per second, \(faults.values.reduce(0, +)) faults   "
    }

    func summary(after time: Double) -> String {
        var lines = [
            "\(runs) runs in \(rounded(time)) s: \(rounded(Double(runs) / time)) per second, "
                + "\(Int(processMinutes / Program.processorSeconds)) simulated process-minutes per second of a processor",
            "\(given) IDs and \(values) values of sequences were checked; none came twice"
                + (excused > 0 ? ", but for \(excused) runs of IDs after a restore that nobody could notice" : ""),
        ]
        let kinds = FaultKind.allCases.filter { faults[$0, default: 0] > 0 }
        lines.append("faults: " + kinds.map { "\($0.rawValue) \(faults[$0]!)" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private func rounded(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}

/// Names the seed when the process dies by a broken precondition.
enum CrashNote {
    nonisolated(unsafe) static var seed: UInt64 = 0

    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            Glibc.signal(signal) { number in
                complain("\nseed \(CrashNote.seed) crashed with signal \(number)\n")
                _exit(3)
            }
        }
    }
}
