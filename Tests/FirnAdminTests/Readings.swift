import FirnEngine
import FirnLayout
import FirnServer

@testable import FirnAdmin

/// A daemon with all that can be told of one.
enum Readings {
    /// 2026-01-01T00:00:00Z.
    static let start: Int64 = 1_767_225_600_000_000_000

    static func plain(layout: Layout = .snowflake, obstacle: String? = nil) -> DaemonReading {
        let tick = layout.tick(atUnixNanoseconds: start)!
        return DaemonReading(
            version: "9.8.7",
            layout: layout,
            storeName: "sqlite:/a \"b\"\\c",
            window: .seconds(3),
            now: Moment(bootNanoseconds: 100_000_000_000, unixNanoseconds: start, tick: tick),
            startedBootNanoseconds: 40_000_000_000,
            obstacle: obstacle,
            shards: [
                DaemonReading.Shard(framed: 0, ShardMeter().reading),
                DaemonReading.Shard(http: 0, ShardMeter().reading),
            ],
            acceptor: AcceptorReading(acceptedUnix: 5, acceptedTCP: 6, refusedForLimit: 7, refusedForAccess: 8),
            store: StoreMeter().reading,
            windows: WindowReading(
                places: [
                    WindowReading.Place(
                        holding: WindowReading.Holding(
                            worker: 17,
                            generation: 3,
                            firstTick: tick - 5_000,
                            limitTick: tick + 2_500
                        )
                    ),
                    WindowReading.Place(obstacle: "all workers are held", storeError: "it is away"),
                ],
                clock: ClockSteering(offsetNanoseconds: -1_500_000_000, isSlewing: true)
            ),
            process: ProcessReading(
                residentBytes: 8_388_608,
                processorSeconds: 1.25,
                openDescriptors: 12,
                maximumDescriptors: 1024
            )
        )
    }

    static func pages(
        _ reading: DaemonReading = plain(),
        libraries: MetricsRegistry = MetricsRegistry(),
        beats: @escaping @Sendable () -> [(thread: String, count: UInt64)] = { [] }
    ) -> AdminPages {
        AdminPages(
            shards: reading.shards.count,
            startedBootNanoseconds: reading.startedBootNanoseconds,
            libraries: libraries,
            askThreads: beats,
            read: { reading }
        )
    }
}

extension AdminAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}
