import FirnLayout
import FirnWire
import Testing

/// The messages that make sequences and list them.
@Suite struct SequenceMessageTests {
    private static let longest = Name(String(repeating: "x", count: Name.maximumLength))!

    private static let kinds: [SequenceDescription.Kind] = [
        .plain, .prefix, .pinterest(shard: 0, type: 0), .pinterest(shard: 3429, type: 1),
        .pinterest(shard: .max, type: .max),
    ]

    /// Every kind with the least and the most of every number. The wire does not judge them: the store's definition does.
    private static let samples: [SequenceDescription] = kinds.flatMap { kind in
        [0, 1, 127, 128, UInt64(UInt32.max) + 1, .max].flatMap { number in
            [
                SequenceDescription(name: longest, kind: kind, next: number, increment: 1, offset: 0, maximum: 0),
                SequenceDescription(name: longest, kind: kind, increment: number, offset: number, maximum: number),
            ]
        } + [
            SequenceDescription(
                name: longest,
                kind: kind,
                next: .max,
                increment: .max,
                offset: .max,
                maximum: .max
            )
        ]
    }

    @Test func creationsAndListsAreReadBack() {
        let decoder = RequestDecoder()
        let methods =
            Self.samples.map { Request.Method.createSequence($0) }
            + [.listSequences(after: nil), .listSequences(after: Name("a")!), .listSequences(after: Self.longest)]
        for method in methods {
            for callID in [0, 128, UInt64.max] {
                let request = Request(callID: callID, timeoutMilliseconds: .max, method: method)
                let bytes = message { $0.appendRequest(request) }
                #expect(bytes.count <= Frame.maximumRequestLength)
                #expect(decoder.decoded(bytes) == .message(request))
            }
        }
    }

    @Test func whatWasMadeAndPagesAreReadBack() {
        let decoder = ResponseDecoder()
        for sequence in Self.samples {
            let bytes = message { $0.appendCreatedSequence(callID: .max, sequence) }
            #expect(decoder.decoded(bytes) == .message(Response(callID: .max, outcome: .createSequence(sequence))))
        }
        let widest = Self.samples.last!
        for page in [[], [widest], Self.samples, Array(repeating: widest, count: 1000)] {
            for more in [false, true] {
                let bytes = message { $0.appendSequences(callID: .max, page, more: more) }
                #expect(bytes.count <= Frame.maximumResponseLength)
                let response = Response(callID: .max, outcome: .listSequences(page, more: more))
                #expect(decoder.decoded(bytes) == .message(response))
            }
        }
    }

    @Test func twoRunsOfTicketsAreReadBack() throws {
        let bytes = message {
            $0.appendNextTickets(
                callID: 1,
                runs: [
                    Run(first: FirnID(rawValue: 5), count: 3, stride: 2),
                    Run(first: FirnID(rawValue: .max), count: 1, stride: .max),
                ]
            )
        }
        guard case .nextTickets(let runs) = decodedResponse(bytes).message?.outcome else {
            Issue.record("no tickets in \(bytes)")
            return
        }
        #expect(runs.map(\.count) == [3, 1])
        #expect(runs.map(\.first.rawValue) == [5, .max])
        #expect(runs.map(\.stride) == [2, .max])
    }

    private static let pins = SequenceDescription(
        name: Name("pins.3429")!,
        kind: .pinterest(shard: 3429, type: 1),
        next: 7_075_733,
        maximum: 68_719_476_735
    )

    private static let odd = SequenceDescription(
        name: Name("odd")!,
        next: 1_000_001,
        increment: 2,
        offset: 1,
        maximum: .max
    )

    /// What another implementation wrote. In `proto/`:
    ///
    ///     echo TEXT | protoc --encode=firn.v1.Request firn/v1/firn.proto | xxd -p
    private static let goldenRequests: [(text: String, hex: String, request: Request)] = [
        (
            #"call_id: 12 create_sequence { sequence { name: "orders" increment: 1 } }"#,
            "080c420c0a0a0a066f72646572732001",
            Request(callID: 12, method: .createSequence(SequenceDescription(name: Name("orders")!)))
        ),
        (
            #"call_id: 13 timeout_ms: 250 create_sequence { sequence { name: "odd" kind: PLAIN next: 1000001 "#
                + "increment: 2 offset: 1 maximum: 18446744073709551615 } }",
            "080d10fa01421a0a180a036f646418c1843d2002280130ffffffffffffffffff01",
            Request(callID: 13, timeoutMilliseconds: 250, method: .createSequence(odd))
        ),
        (
            #"call_id: 14 create_sequence { sequence { name: "pins.3429" kind: PINTEREST next: 7075733 "#
                + "increment: 1 maximum: 68719476735 shard: 3429 type: 1 } }",
            "080e42220a200a0970696e732e3334323910011895efaf03200130ffffffffff0138e51a4001",
            Request(callID: 14, method: .createSequence(pins))
        ),
        (
            #"call_id: 15 create_sequence { sequence { name: "ServiceA" kind: PREFIX increment: 1 } }"#,
            "080f42100a0e0a08536572766963654110022001",
            Request(callID: 15, method: .createSequence(SequenceDescription(name: Name("ServiceA")!, kind: .prefix)))
        ),
        ("call_id: 16 list_sequences {}", "08104a00", Request(callID: 16, method: .listSequences(after: nil))),
        (
            #"call_id: 17 list_sequences { after: "orders" }"#, "08114a080a066f7264657273",
            Request(callID: 17, method: .listSequences(after: Name("orders")!))
        ),
    ]

    /// The same with `firn.v1.Response`.
    private static let goldenResponses: [(text: String, hex: String, response: Response)] = [
        (
            #"call_id: 12 create_sequence { sequence { name: "orders" next: 1 increment: 1 maximum: 2^63 - 1 } }"#,
            "080c4a180a160a066f72646572731801200130ffffffffffffffff7f",
            Response(
                callID: 12,
                outcome: .createSequence(
                    SequenceDescription(name: Name("orders")!, next: 1, maximum: UInt64(Int64.max))
                )
            )
        ),
        (
            #"call_id: 14 create_sequence { sequence { name: "pins.3429" kind: PINTEREST … } }, as in the request"#,
            "080e4a220a200a0970696e732e3334323910011895efaf03200130ffffffffff0138e51a4001",
            Response(callID: 14, outcome: .createSequence(pins))
        ),
        (
            "call_id: 16 list_sequences {}", "08105200",
            Response(callID: 16, outcome: .listSequences([], more: false))
        ),
        (
            #"call_id: 17 list_sequences { sequences { name: "ServiceA" kind: PREFIX next: 3 increment: 1 "#
                + #"maximum: 2^63 - 1 } sequences { name: "odd" …, as in the request } more: true }"#,
            "081152380a1a0a08536572766963654110021803200130ffffffffffffffff7f"
                + "0a180a036f646418c1843d2002280130ffffffffffffffffff011001",
            Response(
                callID: 17,
                outcome: .listSequences(
                    [
                        SequenceDescription(
                            name: Name("ServiceA")!,
                            kind: .prefix,
                            next: 3,
                            maximum: UInt64(Int64.max)
                        ), odd,
                    ],
                    more: true
                )
            )
        ),
    ]

    @Test func requestsAreWhatProtocEncodes() {
        for (text, hex, request) in Self.goldenRequests {
            #expect(decodedRequest(bytes(hex: hex)) == .message(request), "\(text)")
            #expect(message { $0.appendRequest(request) } == bytes(hex: hex), "\(text)")
        }
    }

    @Test func responsesAreWhatProtocEncodes() {
        for (text, hex, response) in Self.goldenResponses {
            #expect(decodedResponse(bytes(hex: hex)) == .message(response), "\(text)")
            let encoded = message { buffer in
                switch response.outcome {
                case .createSequence(let sequence): buffer.appendCreatedSequence(callID: response.callID, sequence)
                case .listSequences(let page, let more):
                    buffer.appendSequences(callID: response.callID, page, more: more)
                default: Issue.record("\(text)")
                }
            }
            #expect(encoded == bytes(hex: hex), "\(text)")
        }
    }

    // MARK: - What is refused

    private static func refusal(_ message: [UInt8]) -> Status? {
        guard let request = decodedRequest(field(1, 9) + message).message, request.callID == 9,
            case .refused(let status) = request.method
        else { return nil }
        return status
    }

    private static let badNames: [[UInt8]] = [
        Array("orders\0evil".utf8), [0], Array("a b".utf8), Array("a/b".utf8), Array("ä".utf8), [0xff], [0xc0, 0x80],
        [UInt8](repeating: 97, count: 65), [UInt8](repeating: 97, count: 3000),
    ]

    @Test func badNamesAreRefusedInCreationsAndLists() {
        for name in Self.badNames + [[]] {
            let status = Self.refusal(field(8, field(1, field(1, name) + field(4, 1))))
            #expect(status?.code == .invalidArgument, "created \(name)")
            #expect(status?.message.contains("[A-Za-z0-9._-]") == true)
        }
        #expect(Self.refusal(field(8, field(1, []))) != nil, "a sequence without a name")
        for name in Self.badNames where name != [0] {
            #expect(Self.refusal(field(9, field(1, name)))?.code == .invalidArgument, "listed after \(name)")
        }
    }

    /// "After" may be empty, and only empty is: a NUL must not pass for it.
    @Test func aNULIsNotTheEmptyName() {
        for name in [[0], [0, 97]] as [[UInt8]] {
            #expect(Self.refusal(field(9, field(1, name)))?.code == .invalidArgument, "\(name)")
        }
    }

    @Test func kindsThatAreNotKnownAreRefusedWithTheirNumber() {
        for kind: UInt64 in [3, 4, 127, 1000] {
            let status = Self.refusal(field(8, field(1, field(1, [97]) + field(2, kind) + field(4, 1))))
            #expect(status?.code == .invalidArgument)
            #expect(status?.message.contains("\(kind)") == true)
        }
    }

    @Test func aCreationWithoutASequenceIsRefused() {
        #expect(Self.refusal(field(8, []))?.code == .invalidArgument)
    }

    @Test func aClientRefusesSequencesThatItDoesNotUnderstand() {
        for sequence in [field(1, [97]) + field(2, 3), field(1, Array("a b".utf8)), []] {
            #expect(decodedResponse(field(9, field(1, sequence))).status?.code == .internal)
            #expect(decodedResponse(field(10, field(1, sequence))).status?.code == .internal)
        }
        #expect(decodedResponse(field(9, [])).status?.code == .internal)
    }
}
