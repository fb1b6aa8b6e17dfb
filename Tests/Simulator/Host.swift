import FirnEngine

/// A host's clocks, as its processes read them: true time with a drift, steps of the wall clock, and standstills.
///
/// Sendable, because a simulation runs on one thread.
final class Host: TimeSource, @unchecked Sendable {
    let number: Int
    private let world: World
    /// The wall clock at true time 0.
    static let beginUnixNanoseconds: Int64 = 1_790_000_000 * seconds

    private var anchorTrue: Int64 = 0
    private var anchorBoot: Int64
    /// How fast the boot clock is, in millionths above true time.
    private(set) var driftPPM: Int64
    /// The wall clock minus the boot clock.
    private var wallOffset: Int64
    /// Since when the clocks stand still, as those of a machine that is not scheduled.
    private var frozenBoot: Int64?
    /// What runs here.
    var processes: [SimulatedProcess] = []
    let disk = HostDisk()

    init(_ number: Int, world: World, driftPPM: Int64) {
        self.number = number
        self.world = world
        self.driftPPM = driftPPM
        anchorBoot = Int64(number + 1) * 1000 * seconds
        wallOffset = Self.beginUnixNanoseconds - anchorBoot
    }

    func bootNanoseconds() -> Int64 {
        if let frozenBoot { return frozenBoot }
        let elapsed = world.now - anchorTrue
        return anchorBoot + elapsed + elapsed * driftPPM / 1_000_000
    }

    func wallNanoseconds() -> Int64 { bootNanoseconds() + wallOffset }

    /// The wall clock minus the right time.
    var wallError: Int64 { wallNanoseconds() - Self.beginUnixNanoseconds - world.now }

    /// The true time at which the boot clock will have advanced by `nanoseconds`, or a little later.
    func trueTime(after nanoseconds: Int64) -> Int64 {
        let (sum, isTooLate) = world.now.addingReportingOverflow(max(0, nanoseconds))
        guard !isTooLate, sum < .max / 2 else { return .max / 2 }
        return driftPPM < 0 ? sum + nanoseconds / 1_000_000 * -driftPPM + 1000 : sum
    }

    func stepWall(by nanoseconds: Int64) { wallOffset += nanoseconds }

    func setDrift(ppm: Int64) {
        anchorBoot = bootNanoseconds()
        anchorTrue = world.now
        driftPPM = ppm
    }

    /// Both clocks stand still, and go on where they stood.
    func freeze() { frozenBoot = frozenBoot ?? bootNanoseconds() }

    func thaw() {
        guard let frozenBoot else { return }
        self.frozenBoot = nil
        anchorBoot = frozenBoot
        anchorTrue = world.now
    }

    /// As a time service does it.
    func setRight() {
        setDrift(ppm: 0)
        stepWall(by: -wallError)
    }
}
