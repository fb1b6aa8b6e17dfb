// Made from Sources/FirnLayout/FirnLayout.docc/FirnLayout.md by scripts/generate-samples: change it there.
// swift-format-ignore-file

internal import FirnClient
internal import FirnLayout

func sample1OfFirnLayout(client: FirnClient) async throws {
    let id = try FirnID(parsing: "541815603606036480")
    let decoded = Layout.snowflake.decode(id)
    print(decoded.utc!, decoded.worker!, decoded.sequence!)    // 2014-12-08T04:44:41.003Z 826 0
    print(Layout.snowflake.drawing(of: id))
}

func sample2OfFirnLayout(client: FirnClient) async throws {
    let ids = [FirnID(rawValue: 915_204_848_634_130_497)]
    let guess = LayoutGuess(ids, now: UTCTime(unixSeconds: 1_796_038_700))
    if let best = guess.candidates.first, best.isPlausible {
        print(best.known.name, best.decoded.utc!, best.reason)    // tsid 2026-11-30T11:37:19.598Z 60 seconds ago
    }
}

func sample3OfFirnLayout(client: FirnClient) async throws {
    let layout = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,datacenter:5,worker:5,sequence:12")
    let id = try layout.makeID(of: ["time": 1000, "datacenter": 3, "worker": 7])
    print(layout.decode(id)["datacenter"]!, layout.worker(of: id))    // 3 103
    for warning in layout.warnings { print(warning) }
    let day = try layout.idRange(
        from: UTCTime(parsing: "2026-01-01T00:00:00Z"),
        to: UTCTime(parsing: "2026-01-02T00:00:00Z")
    )
    print("WHERE id BETWEEN \(day.lowerBound) AND \(day.upperBound)")
}
