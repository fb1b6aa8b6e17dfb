/// Which known layouts IDs can be of, the most plausible first.
///
/// ```swift
/// let guess = LayoutGuess([id], now: now)
/// if let best = guess.candidates.first, best.isPlausible { print(best.known.name, best.decoded.utc!) }
/// ```
///
/// A layout is implausible if one of the IDs cannot be of it: its time lies in the future or before the layout's first
/// day, an unused bit is set, or a constant differs. The others are ranked by how likely the IDs are, if a system with
/// that layout made them: a time not long before now, small worker numbers, the first sequence number of a tick; and
/// with several IDs, times that rise and few workers. All IDs should be of one system; more of them tell more.
public struct LayoutGuess: Sendable {
    /// A known layout and what speaks for or against it.
    public struct Candidate: Sendable {
        /// The layout.
        public let known: KnownLayout
        /// The first of the IDs, read in it.
        public let decoded: DecodedID
        /// Whether all IDs can be of it.
        public let isPlausible: Bool
        /// Why they cannot; otherwise how old the latest is, and of several IDs what they have in common.
        public let reason: String
        /// The base-2 logarithm of how likely the IDs are in this layout; higher is more plausible. Only differences
        /// mean something.
        public let evidence: Double
        /// What the evidence would be if it were no obstacle that times are ahead of this clock, and how far the latest is;
        /// nil if there is another obstacle, or none.
        let withOtherClock: (evidence: Double, secondsAhead: Double)?
    }

    /// Every layout that was asked for: the plausible ones by falling evidence, then those whose bits fit, and the others.
    public let candidates: [Candidate]

    /// IDs past this number are not looked at: more of them do not tell more.
    public static let maximumIDs = 1000

    /// How far in the future a time may lie: clocks differ, and some packages round up.
    public static let clockTolerance: Int64 = 60

    /// Compares IDs with layouts.
    ///
    /// - Parameters:
    ///   - ids: IDs of one system, in the order in which they were made if it is known. At least one; those past
    ///     ``maximumIDs`` are not looked at.
    ///   - now: The present, which no time may be past by more than ``clockTolerance`` seconds.
    ///   - layouts: The layouts to compare with.
    public init(_ ids: [FirnID], now: UTCTime, among layouts: [KnownLayout] = KnownLayout.all) {
        self.init(ids, writtenIn: .decimal, now: now, among: layouts)
    }

    /// Compares IDs with layouts, of which those whose system writes its IDs in a format are likelier.
    init(_ ids: [FirnID], writtenIn format: IDFormat, now: UTCTime, among layouts: [KnownLayout]) {
        precondition(!ids.isEmpty, "a guess needs an ID")
        // An ID that is there twice tells what it tells once.
        var seen: Set<FirnID> = []
        let ids = ids.prefix(Self.maximumIDs).filter { seen.insert($0).inserted }
        let pairs = zip(ids, ids.dropFirst())
        let isSorted = pairs.allSatisfy { $0 < $1 } || pairs.allSatisfy { $0 > $1 }
        let all = layouts.enumerated().map { index, known in
            Self.candidate(known, of: ids, writtenIn: format, now: now, rank: index, isSorted: isSorted)
        }
        let others = all.filter { !$0.isPlausible }
        candidates =
            all.filter(\.isPlausible).sorted { $0.evidence > $1.evidence }
            + others.filter(\.decoded.fitsLayout)
            + others.filter { !$0.decoded.fitsLayout }
    }

    private static func candidate(
        _ known: KnownLayout,
        of ids: [FirnID],
        writtenIn format: IDFormat,
        now: UTCTime,
        rank: Int,
        isSorted: Bool
    ) -> Candidate {
        let decoded = ids.map(known.layout.decode)
        let obstacles = decoded.lazy.compactMap { known.obstacle(to: $0, now: now) }
        let isOnlyAhead = obstacles.allSatisfy { $0.hasPrefix(Self.future) }
        var evidence = Evidence(known, writtenIn: format, now: now, rank: rank)
        if isOnlyAhead {
            evidence.add(decoded, isSorted: isSorted)
        }
        let obstacle = obstacles.first
        return Candidate(
            known: known,
            decoded: decoded[0],
            isPlausible: obstacle == nil,
            reason: obstacle ?? evidence.summary,
            evidence: obstacle == nil ? evidence.bits : -.infinity,
            withOtherClock: evidence.secondsAhead.map { (evidence.bits, $0) }
        )
    }

    /// How the reason begins where a time is in the future.
    static let future = "its time is in the future"

    /// Such as `3 days`, in the largest unit of which it is at least two; nil below two seconds.
    static func text(ofSeconds seconds: Double) -> String? {
        let units = [
            ("years", 31_556_952.0), ("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1),
        ]
        return units.first { seconds >= 2 * $0.1 }.map { "\(Int(seconds / $0.1)) \($0.0)" }
    }
}

extension KnownLayout {
    /// Why an ID cannot be of this layout; nil if it can.
    func obstacle(to decoded: DecodedID, now: UTCTime) -> String? {
        if let misfit = decoded.misfit { return misfit }
        guard let time = decoded.utc else { return nil }
        if time.unixSeconds > now.unixSeconds + LayoutGuess.clockTolerance { return LayoutGuess.future }
        if time < since { return "its time is before \(since.date), the first day of this layout" }
        return nil
    }
}

extension DecodedID {
    /// Why the ID cannot be of its layout, by the bits that are the same in every ID of it; nil if it can.
    var misfit: String? {
        for entry in values where entry.value != entry.field.constant {
            switch entry.field.kind {
            case .unused: return "its unused bits are set"
            case .constant:
                return "its \(entry.field.name) is \(entry.value), not \(entry.field.constant)"
            default: break
            }
        }
        return nil
    }
}
