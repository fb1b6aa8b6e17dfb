/// A system or package whose IDs can be read: its layout, where that is written down, and what goes wrong with it.
///
/// ``all`` is the catalogue. `docs/LAYOUTS.md` has it as a table, and ``LayoutGuess`` compares IDs with it.
public struct KnownLayout: Sendable, Hashable {
    /// The layout; its ``Layout/name`` is the name of a preset.
    public let layout: Layout
    /// Other names of the same layout, which ``Layout/preset(named:)`` takes as well.
    public let otherNames: [String]
    /// Who makes such IDs.
    public let makers: String
    /// Where the layout is written down: package with version or commit, file.
    public let source: String
    /// The first instant that is plausible as an ID's time: the first day of the system, or its epoch.
    public let since: UTCTime
    /// The forms in which the system writes its IDs.
    public let textForm: String
    /// What goes wrong with such IDs, or with reading them.
    public let caution: String

    /// How the system's fields behave, as far as that tells it from others.
    let habits: Habits

    /// How rarely IDs of the system are met.
    let rarity: Rarity

    /// How rarely IDs are met, before anything is known of them. The figures are estimates.
    enum Rarity: Sendable, Hashable {
        /// Of a service with a public, or of a package that many use or copy.
        case common
        /// Of a product or package that some use.
        case uncommon
        /// Of one version of a package, one setting, or a package that few use.
        case rare

        /// What it costs as evidence: each three bits are a factor of eight.
        var bits: Double {
            switch self {
            case .common: 0
            case .uncommon: 3
            case .rare: 6
            }
        }
    }

    /// How the numbers of a system are spread.
    struct Habits: Sendable, Hashable {
        enum Workers: Sendable, Hashable {
            /// Counted from 0 or 1 by the one who set them up, so small numbers are likely.
            case numbered
            /// Any number is as likely as another: drawn at random, or part of an address.
            case arbitrary
        }

        enum Sequences: Sendable, Hashable {
            /// Counted from the first number in each tick.
            case counted
            /// Any number is as likely as another: hashed, drawn at random, or carried on from tick to tick.
            case arbitrary
            /// Carried on from tick to tick. It starts over at a number, and is that or higher only within a full tick.
            case carriedOn(below: UInt64)
        }

        var workers = Workers.numbered
        var sequences = Sequences.counted
        /// The text forms other than decimal in which the system writes whole IDs.
        var formats: [IDFormat] = []
    }

    /// The name of the layout.
    public var name: String { layout.name }

    /// The known layout with a name or another name; nil when there is none.
    public static func named(_ name: String) -> KnownLayout? {
        all.first { $0.name == name || $0.otherNames.contains(name) }
    }

    /// The known layout that is equal to a layout; nil when there is none.
    public static func equal(to layout: Layout) -> KnownLayout? {
        all.first { $0.layout == layout }
    }
}

extension KnownLayout: CustomStringConvertible {
    /// The name of the layout.
    public var description: String { name }
}
