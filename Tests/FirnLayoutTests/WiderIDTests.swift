import FirnLayout
import FirnTestSupport
import Testing

@Suite struct WiderIDTests {
    /// Minted on 2026-11-30 by Python 3.11's `uuid`, and PyPI uuid6 2025.0.1, python-ulid 4.1.0, svix-ksuid 0.7.0, bson
    /// 0.5.10 and epyxid 0.4.0, whose own readers gave the times; and the examples of RFC 9562 (appendix A), the ULID
    /// specification's, KSUID's and xid's own.
    static let examples: [(text: String, kind: String, bitWidth: Int, time: String?)] = [
        ("375bbb88-ecb2-11f1-8768-02fc00000001", "UUIDv1", 128, "2026-11-30T11:36:00.228852Z"),
        ("1f1ecb23-75bb-6ef7-8be3-68c4d05c9c6d", "UUIDv6", 128, "2026-11-30T11:36:00.228939900Z"),
        ("01a22c3d-89e4-788b-aecc-33a69a6dbe71", "UUIDv7", 128, "2026-11-30T11:36:00.228Z"),
        ("01M8P3V2F5JKHWQDMKYGJ2EFR0", "ULID", 128, "2026-11-30T11:36:00.229Z"),
        ("3MpDLctgg6l8q8OnsZH0sYpob2B", "KSUID", 160, "2026-11-30T11:36:00.000Z"),
        ("6b0d5fa06cc24948e05bf843", "ObjectId", 96, "2026-11-30T11:36:00.000Z"),
        ("dc6lv82jueqomr238rt0", "XID", 96, "2026-11-30T11:36:00.000Z"),
        ("C232AB00-9414-11EC-B3C8-9F6BDECED846", "UUIDv1", 128, "2022-02-22T19:22:22.000Z"),
        ("1EC9414C-232A-6B00-B3C8-9F6BDECED846", "UUIDv6", 128, "2022-02-22T19:22:22.000Z"),
        ("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "UUIDv7", 128, "2022-02-22T19:22:22.000Z"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ULID", 128, "2016-07-30T23:54:10.259Z"),
        ("0ujtsYcgvSTl8PAuAdqWYSMnLOv", "KSUID", 160, "2017-10-10T04:00:47.000Z"),
        ("9m4e2mr0ui3e8a215n4g", "XID", 96, "2011-03-22T17:50:19.000Z"),
        // Other spellings.
        ("{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", "UUIDv7", 128, "2022-02-22T19:22:22.000Z"),
        ("urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "UUIDv7", 128, "2022-02-22T19:22:22.000Z"),
        ("017f22e279b07cc398c4dc0c0c07398f", "UUIDv7", 128, "2022-02-22T19:22:22.000Z"),
        ("01arz3ndektsv4rrffq69g5fav", "ULID", 128, "2016-07-30T23:54:10.259Z"),
        ("6B0D5FA06CC24948E05BF843", "ObjectId", 96, "2026-11-30T11:36:00.000Z"),
        // Without a time.
        ("919108f7-52d1-4320-9bac-f847db4148a8", "UUIDv4", 128, nil),
        ("2ed6657d-e927-568b-95e1-2665a8aea6a2", "UUIDv5", 128, nil),
        ("00000000-0000-0000-0000-000000000000", "nil UUID", 128, nil),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "max UUID", 128, nil),
        ("017f22e2-79b0-7cc3-18c4-dc0c0c07398f", "UUID of an unknown version", 128, nil),
        ("0af7651916cd43dd0448eb211c80319c", "number in hexadecimal", 128, nil),
        ("18446744073709551616", "number", 65, nil), ("7533131717344051089409", "number", 73, nil),
        ("340282366920938463463374607431768211455", "number", 128, nil),
        // The largest of each kind.
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ULID", 128, "+10889-08-02T05:31:50.655Z"),
        ("aWgEPTl1tmebfsQzFP4bxwgy80V", "KSUID", 160, "2150-06-19T23:21:35.000Z"),
        ("vvvvvvvvvvvvvvvvvvvg", "XID", 96, "2106-02-07T06:28:15.000Z"),
        ("ffffffffffffffffffffffff", "ObjectId", 96, "2106-02-07T06:28:15.000Z"),
        ("ffffffff-ffff-1fff-bfff-ffffffffffff", "UUIDv1", 128, "5236-03-31T21:21:00.684697500Z"),
    ]

    @Test(arguments: examples)
    func kindsAreRecognized(text: String, kind: String, bitWidth: Int, time: String?) throws {
        let id = try #require(WiderID(recognizing: text))
        #expect(id.kind == kind && id.bitWidth == bitWidth)
        #expect(id.time?.description == time)
    }

    /// One digit off in length, in an alphabet or past the kind's largest; and IDs of 64 bits.
    @Test(arguments: [
        "", "x", "18446744073709551615", "-1", "ffffffffffffffff", "340282366920938463463374607431768211456",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
        "aWgEPTl1tmebfsQzFP4bxwgy80W", "0ujtsYcgvSTl8PAuAdqWYSMnLO-", "9m4e2mr0ui3e8a215n4h", "9m4e2mr0ui3e8a215n4w",
        "9M4E2MR0UI3E8A215N4G", "6b0d5fa06cc24948e05bf84g", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b07cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "{017f22e279b07cc398c4dc0c0c07398f",
        "3v2uks7p626lz", "5Wj8yQ8QrH2",
    ])
    func othersAreNot(_ text: String) {
        #expect(WiderID(recognizing: text) == nil)
    }

    @Test(arguments: IDFormat.allCases, seeds)
    func noIDIsTakenForOne(format: IDFormat, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<50 {
            let id = FirnID(rawValue: generator.number(upTo: .max))
            #expect(WiderID(recognizing: id.formatted(format)) == nil, "\(id)")
        }
    }

    @Test func aLongTextIsNone() {
        #expect(WiderID(recognizing: String(repeating: "0", count: 40) + "18446744073709551616") != nil)
        #expect(WiderID(recognizing: String(repeating: "0", count: 45) + "18446744073709551616") == nil)
    }
}
