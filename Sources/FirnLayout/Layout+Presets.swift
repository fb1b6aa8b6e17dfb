extension Layout {
    /// Twitter's: 1 unused, 41 time in ms since 2010-11-04, 10 worker (5 of them the datacenter), 12 sequence.
    /// Source: twitter-archive/snowflake, `IdWorker.scala`.
    public static let snowflake = Layout(
        preset: "snowflake",
        timeBits: 41,
        workerBits: 10,
        sequenceBits: 12,
        epochUnixMilliseconds: 1_288_834_974_657
    )

    /// Discord's: 42 time in ms since 2015, 10 worker (5 worker, 5 process), 12 sequence.
    /// Source: docs.discord.com, API reference, "Snowflakes".
    public static let discord = Layout(
        preset: "discord",
        timeBits: 42,
        workerBits: 10,
        sequenceBits: 12,
        epochUnixMilliseconds: 1_420_070_400_000
    )

    /// Instagram's: 41 time in ms since 2011-08-24, 13 worker (its logical shard), 10 sequence.
    /// Source: Instagram Engineering, "Sharding & IDs at Instagram".
    public static let instagram = Layout(
        preset: "instagram",
        timeBits: 41,
        workerBits: 13,
        sequenceBits: 10,
        epochUnixMilliseconds: 1_314_220_021_721
    )

    /// Sonyflake's first version: 1 unused, 39 time in 10 ms since 2014-09-01, 8 sequence, 16 worker (its machine ID).
    /// Source: sony/sonyflake, `sonyflake.go`.
    public static let sonyflake = Layout(
        preset: "sonyflake",
        timeBits: 39,
        workerBits: 16,
        sequenceBits: 8,
        isSequenceAboveWorker: true,
        tickNanoseconds: 10_000_000,
        epochUnixMilliseconds: 1_409_529_600_000
    )

    /// Sonyflake's second version with its defaults: the fields of the first, time in 10 ms since 2025.
    /// Source: sony/sonyflake, `v2/sonyflake.go`.
    public static let sonyflakeV2 = Layout(
        preset: "sonyflake-v2",
        timeBits: 39,
        workerBits: 16,
        sequenceBits: 8,
        isSequenceAboveWorker: true,
        tickNanoseconds: 10_000_000,
        epochUnixMilliseconds: defaultEpochUnixMilliseconds
    )

    /// Exact in a JavaScript number, that is below 2^53: 11 unused, 41 time in ms since 2025, 3 worker, 9 sequence.
    public static let safe53 = Layout(
        preset: "safe53",
        timeBits: 41,
        workerBits: 3,
        sequenceBits: 9,
        epochUnixMilliseconds: defaultEpochUnixMilliseconds
    )

    /// Pinterest's: 2 unused, 16 shard, 10 type, 36 local. It has no time; the local number comes from a counter.
    /// Source: Pinterest Engineering, "Sharding Pinterest: How we scaled our MySQL fleet".
    public static let pinterest = Layout(
        preset: "pinterest",
        parts: [LayoutPart(.shard, width: 16), LayoutPart(.type, width: 10), LayoutPart(.local, width: 36)],
        clock: nil
    )

    /// 2025-01-01T00:00:00Z.
    static let defaultEpochUnixMilliseconds: UInt64 = 1_735_689_600_000

    /// All presets: those above, the default first, and then the others of ``KnownLayout/all``.
    public static let presets: [Layout] = {
        let first = [snowflake, discord, instagram, sonyflake, sonyflakeV2, safe53, pinterest]
        return first + KnownLayout.all.map(\.layout).filter { !first.contains($0) }
    }()

    /// The presets by their fields' text, as a layout that is given as numbers or fields finds its name.
    static let presetOfSpecification = Dictionary(
        presets.map { ($0.specification, $0) },
        uniquingKeysWith: { first, _ in first }
    )

    /// Those whose system floors its start to a whole tick, so that with another epoch they do as well.
    static let flooringPresets: Set = ["sonyflake", "sonyflake-v2"]

    /// The presets that every version of Firn knows.
    private static let firstPresets: Set = [
        "snowflake", "discord", "instagram", "sonyflake", "sonyflake-v2", "safe53", "pinterest",
    ]

    /// The layout as stores and daemons tell it to each other. Only presets that every version knows have their names
    /// there: a layout that becomes a preset in a later version keeps the text that stores have of it.
    package var sharedText: String {
        Self.firstPresets.contains(name) ? name : specification
    }

    /// The preset with this name, or with this other name in the catalogue: `leaf` is ``snowflake``. Nil when there is
    /// none.
    public static func preset(named name: String) -> Layout? {
        KnownLayout.named(name)?.layout
    }
}
