import FirnLayout
import FirnWire
import Testing

enum DescriptionSamples {
    static let sonyflake = DaemonDescription(
        version: "1.2.3",
        layout: .sonyflake,
        workers: [1, 300, .max],
        maximumBatch: 65_536
    )
}

@Suite struct ResponseTests {
    private static func run(_ first: UInt64, _ count: UInt32, _ stride: UInt64) -> Run {
        Run(first: FirnID(rawValue: first), count: count, stride: stride)
    }

    private static func expectRoundTrip(_ response: Response, sourceLocation: SourceLocation = #_sourceLocation) {
        let bytes = message { $0.append(response) }
        #expect(bytes.count <= Frame.maximumResponseLength, sourceLocation: sourceLocation)
        #expect(decodedResponse(bytes) == .message(response), sourceLocation: sourceLocation)
    }

    private static let callIDs: [UInt64] = [0, 1, 127, 128, 1 << 35, .max]

    @Test func anIDIsReadBack() {
        for callID in Self.callIDs {
            for id in [0, 1, UInt64.max / 2, .max] {
                Self.expectRoundTrip(Response(callID: callID, outcome: .nextID(FirnID(rawValue: id))))
            }
        }
    }

    @Test func errorsAreReadBack() {
        for callID in Self.callIDs {
            for code: UInt32 in [0, 3, 14, 127, 128, .max] {
                for message in ["", "no window", String(repeating: "ä", count: 5000)] {
                    for retry: UInt32 in [0, 250, .max] {
                        let status = Status(Status.Code(rawValue: code), message, retryAfterMilliseconds: retry)
                        Self.expectRoundTrip(Response(callID: callID, outcome: .error(status)))
                    }
                }
            }
        }
    }

    @Test func batchesAndTicketsAreReadBack() {
        // The widest run that there is: its fields take all the bytes that are reckoned for them.
        let widest = Self.run(.max, 1, .max)
        let several = [Self.run(0, 1, 1), Self.run(4096, 4096, 1), Self.run(1 << 40, .max, 1 << 16), widest]
        for callID in Self.callIDs {
            for runs in [[], [widest], several, Array(repeating: widest, count: 3000)] {
                Self.expectRoundTrip(Response(callID: callID, outcome: .nextBatch(runs)))
            }
            for runs in [[widest], [widest, widest], Array(several.prefix(2))] {
                Self.expectRoundTrip(Response(callID: callID, outcome: .nextTickets(runs)))
            }
        }
    }

    @Test func theLargestBatchWithARunForEachIDFitsAResponse() {
        let runs = (0..<65_536).map { Self.run(.max - UInt64($0), 1, 1 << 63) }
        Self.expectRoundTrip(Response(callID: .max, outcome: .nextBatch(runs)))
    }

    @Test func prefixesAndGoodbyesAreReadBack() {
        for text in ["", "a7", String(repeating: "p", count: 20_000)] {
            for callID in Self.callIDs { Self.expectRoundTrip(Response(callID: callID, outcome: .newPrefix(text))) }
            Self.expectRoundTrip(Response(callID: 0, outcome: .goAway(reason: text)))
        }
    }

    @Test func descriptionsAreReadBack() throws {
        let custom = try Layout(parsing: "time:50x123456ns@9999-12-31T23:59:59.999Z,sequence:7,worker:7")
        let parts = (0..<8).map { "part-\($0)_:1" } + (0..<6).map { "constant-\($0):1=1" }
        let longest = try Layout(parsing: "time:50x123456ns@0,\(parts.joined(separator: ","))")
        for layout in Layout.presets + [custom, longest] {
            for workers in [[], [0], [UInt32](repeating: .max, count: 5000), Array(0..<1024)] {
                for version in ["", "1.2.3", String(repeating: "v", count: 1000)] {
                    let description = DaemonDescription(
                        version: version,
                        layout: layout,
                        workers: workers,
                        maximumBatch: .max
                    )
                    Self.expectRoundTrip(Response(callID: .max, outcome: .describe(description)))
                }
            }
        }
    }

    @Test func readinessIsReadBack() {
        let obstacles = ["", "no worker", String(repeating: "w", count: 20_000)].map {
            DaemonDescription.Readiness.unready(Status(.unavailable, $0, retryAfterMilliseconds: 100))
        }
        for readiness in [nil, .ready, .resting] + obstacles {
            let description = DaemonDescription(
                version: "1",
                layout: .snowflake,
                workers: [4],
                maximumBatch: 5,
                readiness: readiness
            )
            Self.expectRoundTrip(Response(callID: 9, outcome: .describe(description)))
        }
    }

    /// What another implementation wrote. In `proto/`:
    ///
    ///     echo TEXT | protoc --encode=firn.v1.Response firn/v1/firn.proto | xxd -p
    private static let golden: [(text: String, hex: String, response: Response)] = [
        (
            "call_id: 1 next_id { id: 175928847299117063 }", "08011a0909070002c15a067102",
            Response(callID: 1, outcome: .nextID(FirnID(rawValue: 175_928_847_299_117_063)))
        ),
        (
            #"call_id: 18446744073709551615 error { code: 14 message: "no window" retry_after_ms: 250 }"#,
            "08ffffffffffffffffff011210080e12096e6f2077696e646f7718fa01",
            Response(callID: .max, outcome: .error(Status(.unavailable, "no window", retryAfterMilliseconds: 250)))
        ),
        (
            "call_id: 7 next_batch { runs { first: 4096 count: 3 stride: 1 } "
                + "runs { first: 18446744073709551615 count: 1 stride: 65536 } }",
            "080722200a0d090010000000000000100318010a0f09ffffffffffffffff100118808004",
            Response(callID: 7, outcome: .nextBatch([run(4096, 3, 1), run(.max, 1, 65_536)]))
        ),
        (
            "call_id: 8 next_tickets { runs { first: 10 count: 5 stride: 2 } }",
            "08082a0f0a0d090a0000000000000010051802", Response(callID: 8, outcome: .nextTickets([run(10, 5, 2)]))
        ),
        (
            #"call_id: 9 new_prefix { prefix: "a7" }"#, "080932040a026137",
            Response(callID: 9, outcome: .newPrefix("a7"))
        ),
        (
            #"call_id: 10 describe { version: "1.2.3" layout { name: "sonyflake" time_bits: 39 worker_bits: 16 "#
                + "sequence_bits: 8 sequence_above_worker: true } workers: 1 workers: 300 workers: 4294967295 "
                + "epoch_unix_ms: 1409529600000 tick_ns: 10000000 max_batch: 65536 }",
            "080a3a360a05312e322e3312130a09736f6e79666c616b6510271810200828011a0801ac02ffffffff0f2080b08bf482292880ade2"
                + "0430808004", Response(callID: 10, outcome: .describe(DescriptionSamples.sonyflake))
        ),
        (
            #"go_away { reason: "stopping" }"#, "420a0a0873746f7070696e67",
            Response(callID: 0, outcome: .goAway(reason: "stopping"))
        ),
        ("call_id: 11", "080b", Response(callID: 11, outcome: .unknown)),
    ]

    @Test func whatProtocEncodesIsRead() {
        for (text, hex, response) in Self.golden {
            #expect(decodedResponse(bytes(hex: hex)) == .message(response), "\(text)")
        }
    }

    @Test func whatWeEncodeIsWhatProtocEncodes() {
        for (text, hex, response) in Self.golden where response.outcome != .unknown {
            #expect(message { $0.append(response) } == bytes(hex: hex), "\(text)")
        }
    }

    @Test func oneDecoderReadsShortAndLongInTurn() {
        let decoder = ResponseDecoder()
        let long = Response(callID: 2, outcome: .nextBatch(Array(repeating: Self.run(5, 1, 1), count: 1000)))
        let short = Response(callID: 1, outcome: .newPrefix(String(repeating: "q", count: 200)))
        for _ in 0..<500 {
            #expect(decoder.decoded(message { $0.append(short) }) == .message(short))
            #expect(decoder.decoded(message { $0.append(long) }) == .message(long))
        }
    }

    @Test func aShortResponseOfManyUnknownFieldsIsStillRead() {
        let bytes = field(3, [9, 1, 0, 0, 0, 0, 0, 0, 0]) + (0..<80).flatMap { _ in field(16, 1) }
        #expect(decodedResponse(bytes) == .message(Response(callID: 0, outcome: .nextID(FirnID(rawValue: 1)))))
    }

    private static func batch(first: UInt64, count: UInt64, stride: UInt64) -> [UInt8] {
        let littleEndian = (0..<8).map { UInt8(truncatingIfNeeded: first >> (8 * $0)) }
        return field(4, field(1, [0x09] + littleEndian + field(2, count) + field(3, stride)))
    }

    /// A client that took such a run would hand out IDs twice, or trap in counting them.
    @Test func runsThatAreNoneAreRefused() {
        let refused: [(first: UInt64, count: UInt64, stride: UInt64)] = [
            (1, 0, 1), (1, 1, 0), (1, 2, 0), (0, 0, 0), (.max, 2, 1), (.max - 1, 3, 1), (1, 2, .max), (0, 3, 1 << 63),
            (5, UInt64(UInt32.max), .max), (1 << 63, 2, 1 << 63),
        ]
        for (first, count, stride) in refused {
            let decoded = decodedResponse(Self.batch(first: first, count: count, stride: stride))
            #expect(decoded.status?.code == .internal, "\(first) \(count) \(stride)")
        }
        for (first, count, stride) in [(UInt64.max, 1, 1), (.max - 1, 2, 1), (0, 2, .max), (.max, 1, .max)]
            as [(UInt64, UInt64, UInt64)]
        {
            let run = Self.run(first, UInt32(count), stride)
            #expect(
                decodedResponse(Self.batch(first: first, count: count, stride: stride))
                    == .message(Response(callID: 0, outcome: .nextBatch([run])))
            )
        }
    }

    @Test func aLayoutThatIsNotKnownIsRefusedWithItsName() {
        let status = decodedResponse(field(7, field(2, field(1, Array("time:90ms".utf8))))).status
        #expect(status?.code == .internal)
        #expect(status?.message.contains("time:90ms") == true)
        #expect(decodedResponse(field(7, [])).status?.code == .internal)
    }

    @Test func brokenResponsesAreRefused() {
        for bytes: [UInt8] in [
            [0xff], [0x1a, 0x05], [0x12, 0xff, 0xff, 0xff, 0xff, 0x0f], Array("HTTP/1.1 200".utf8),
        ] {
            #expect(decodedResponse(bytes).status?.message.contains("not a firn.v1.Response") == true)
        }
    }

    @Test func textThatIsNotUTF8IsRepaired() {
        let decoded = decodedResponse(field(2, field(1, 3) + field(2, [0x61, 0xff, 0x62])))
        #expect(decoded.message?.outcome == .error(Status(.invalidArgument, "a\u{fffd}b")))
    }

    @Test func codesHaveTheNamesOfTheirStandard() {
        let names: [(Status.Code, UInt32, String)] = [
            (.invalidArgument, 3, "INVALID_ARGUMENT"), (.deadlineExceeded, 4, "DEADLINE_EXCEEDED"),
            (.permissionDenied, 7, "PERMISSION_DENIED"), (.resourceExhausted, 8, "RESOURCE_EXHAUSTED"),
            (.failedPrecondition, 9, "FAILED_PRECONDITION"), (.unimplemented, 12, "UNIMPLEMENTED"),
            (.internal, 13, "INTERNAL"), (.unavailable, 14, "UNAVAILABLE"),
        ]
        for (code, number, name) in names {
            #expect(code.rawValue == number)
            #expect(code.description == name)
        }
        #expect(Status.Code(rawValue: 99).description == "CODE_99")
    }
}
