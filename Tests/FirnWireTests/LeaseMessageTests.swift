import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnWire

@Suite struct LeaseMessageTests {
    private static let lease = Lease(worker: 5, generation: 3, instance: 1, token: 2, firstTick: 100, limitTick: 200)
    private static let widest = Lease(
        worker: .max,
        generation: .max,
        instance: .max,
        token: .max,
        firstTick: .max,
        limitTick: .max
    )

    /// What another implementation wrote. In `proto/`:
    ///
    ///     echo TEXT | protoc --encode=firn.v1.Request firn/v1/firn.proto | xxd -p
    ///
    /// Made anew for each use: LeakSanitizer does not see what only an indirect case of a constant refers to.
    private static var goldenRequests: [(text: String, hex: String, request: Request)] {
        [
            (
                #"call_id: 20 lease_worker { name: "orders" host: "web-1" pod: "p" pid: 412 window_ms: 30000 "#
                    + "not_before_tick: 9 unix_ms: 1700000000000 }",
                "08145a220a066f726465727312057765622d311a0170209c0328b0ea0130093880d095ffbc31",
                Request(
                    callID: 20,
                    method: .lease(
                        .begin(
                            LeaseCall.Beginning(
                                name: Name("orders")!,
                                host: "web-1",
                                pod: "p",
                                pid: 412,
                                windowMilliseconds: 30_000,
                                notBeforeTick: 9,
                                unixMilliseconds: 1_700_000_000_000
                            )
                        )
                    )
                )
            ),
            (
                "call_id: 21 extend_lease { lease { worker: 5 generation: 3 instance: 1 token: 2 first_tick: 100 limit_tick: 200 } "
                    + "unanswered_tokens: 7 unanswered_tokens: 8 next_token: 9 limit_tick: 300 }",
                "0815623b0a1b08051003190100000000000000210200000000000000286430c801"
                    + "12100700000000000000080000000000000019090000000000000020ac02",
                Request(
                    callID: 21,
                    method: .lease(.extend(LeaseCall.Hold(lease, unansweredTokens: [7, 8]), token: 9, limitTick: 300))
                )
            ),
            (
                "call_id: 22 release_lease { lease { …, as above } first_unused_tick: 150 }",
                "08166a200a1b08051003190100000000000000210200000000000000286430c801189601",
                Request(callID: 22, method: .lease(.release(LeaseCall.Hold(lease), firstUnusedTick: 150)))
            ),
        ]
    }

    /// The same with `firn.v1.Response`.
    private static let goldenResponses: [(text: String, hex: String, response: Response)] = [
        (
            #"call_id: 20 lease_worker { lease { …, as above } layout { name: "snowflake" time_bits: 41 worker_bits: 10 "#
                + "sequence_bits: 12 } epoch_unix_ms: 1288834974657 tick_ns: 1000000 limit_unix_ms: 1700000000000 }",
            "081462420a1b08051003190100000000000000210200000000000000286430c801"
                + "12110a09736e6f77666c616b651029180a200c18c187b4a4c12520c0843d2880d095ffbc31",
            Response(
                callID: 20,
                outcome: .leased(
                    LeaseGrant(lease: lease, layout: .snowflake, limitUnixMilliseconds: 1_700_000_000_000)
                )
            )
        ),
        (
            "call_id: 21 extend_lease { lease { worker: 5 generation: 3 instance: 1 token: 9 first_tick: 100 limit_tick: 300 } "
                + "limit_unix_ms: 1700000000000 }",
            "08156a240a1b08051003190100000000000000210900000000000000286430ac021080d095ffbc31",
            Response(
                callID: 21,
                outcome: .leaseExtended(
                    Lease(worker: 5, generation: 3, instance: 1, token: 9, firstTick: 100, limitTick: 300),
                    limitUnixMilliseconds: 1_700_000_000_000
                )
            )
        ),
        (
            "call_id: 22 release_lease { free_from_tick: 150 }", "08167203089601",
            Response(callID: 22, outcome: .leaseReleased(freeFromTick: 150))
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
            #expect(message { $0.append(response) } == bytes(hex: hex), "\(text)")
        }
    }

    @Test func theWidestCallsAreReadBack() {
        let label = String(repeating: "ä", count: 126)
        let beginning = LeaseCall.Beginning(
            name: Name(String(repeating: "n", count: Name.maximumLength))!,
            host: label,
            pod: label,
            pid: .max,
            windowMilliseconds: .max,
            notBeforeTick: .max,
            unixMilliseconds: .max
        )
        let hold = LeaseCall.Hold(Self.widest, unansweredTokens: [.max, .max, 1, .max])
        let calls: [LeaseCall] = [
            .begin(beginning), .begin(LeaseCall.Beginning(name: Name("a")!)),
            .extend(hold, token: .max, limitTick: .max), .extend(LeaseCall.Hold(Self.lease), token: 0, limitTick: 0),
            .release(hold, firstUnusedTick: .max),
        ]
        let decoder = RequestDecoder()
        for call in calls {
            let request = Request(callID: .max, timeoutMilliseconds: .max, method: .lease(call))
            let bytes = message { $0.appendRequest(request) }
            #expect(bytes.count <= Frame.maximumRequestLength)
            #expect(decoder.decoded(bytes) == .message(request))
        }
    }

    @Test func theWidestAnswersAreReadBack() throws {
        let layout = try Layout(parsing: "time:41ms@2025-01-01T00:00:00Z,worker:10,sequence:12")
        let outcomes: [Response.Outcome] = [
            .leased(LeaseGrant(lease: Self.widest, layout: layout, limitUnixMilliseconds: .max)),
            .leaseExtended(Self.widest, limitUnixMilliseconds: .max), .leaseReleased(freeFromTick: .max),
            .leaseReleased(freeFromTick: 0),
        ]
        for outcome in outcomes {
            let response = Response(callID: .max, outcome: outcome)
            #expect(decodedResponse(message { $0.append(response) }) == .message(response))
        }
    }

    // MARK: - What is refused

    private static func refusal(_ message: [UInt8]) -> Status? {
        guard let request = decodedRequest(field(1, 9) + message).message, request.callID == 9,
            case .refused(let status) = request.method
        else { return nil }
        return status
    }

    @Test func badNamesHostsAndPodsAreRefused() {
        let named = field(1, Array("orders".utf8))
        #expect(Self.refusal(field(11, []))?.message.contains("service's name is missing") == true)
        #expect(Self.refusal(field(11, field(1, Array("a b".utf8))))?.message.contains("[A-Za-z0-9._-]") == true)
        let bad: [[UInt8]] = [
            [0], Array("a\0b".utf8), Array("a\nb".utf8), [0x1B], [0x7F], [0xFF], [0xC0, 0x80],
            [UInt8](repeating: 97, count: 254),
        ]
        for label in bad {
            for (number, what) in [(2, "host"), (3, "pod")] as [(UInt64, String)] {
                let status = Self.refusal(field(11, named + field(number, label)))
                #expect(status?.code == .invalidArgument, "\(what) \(label)")
                #expect(status?.message.contains(what) == true && status?.message.contains("253") == true)
            }
        }
        #expect(Self.refusal(field(11, named + field(2, [UInt8](repeating: 97, count: 253)))) == nil)
    }

    /// With marks for what a terminal or a log would take for something else.
    @Test func whatIsRefusedIsInTheMessage() {
        let named = field(1, Array("orders".utf8))
        #expect(Self.refusal(field(11, field(1, Array("a b".utf8))))?.message.contains("'a b'") == true)
        let host = Self.refusal(field(11, named + field(2, Array("web\u{1B}[2J\u{9B}1\n".utf8))))
        #expect(
            host?.message.contains("host's name 'web\u{FFFD}[2J\u{FFFD}1\u{FFFD}'") == true,
            "\(host?.message ?? "")"
        )
        let long = Self.refusal(field(11, named + field(3, [UInt8](repeating: 97, count: 3000))))
        #expect(long?.message.contains("'" + String(repeating: "a", count: 100) + "…'") == true)
    }

    @Test func callsOnALeaseNeedOneWithItsToken() {
        let lease = field(4, fixed: 5)
        for number: UInt64 in [12, 13] {
            #expect(Self.refusal(field(number, []))?.message.contains("lacks the lease") == true)
            #expect(Self.refusal(field(number, field(1, [])))?.message.contains("token") == true)
            #expect(Self.refusal(field(number, field(1, lease))) == nil)
            #expect(Self.refusal(field(number, field(1, lease) + field(2, fixed: 0))) != nil)
            let many = (0..<5).flatMap { _ in field(2, fixed: 1) }
            #expect(Self.refusal(field(number, field(1, lease) + many))?.message.contains("5 unanswered") == true)
        }
    }

    @Test func aClientRefusesALeaseThatIsNone() {
        #expect(decodedResponse(field(12, [])).status?.code == .internal)
        #expect(decodedResponse(field(13, [])).status?.code == .internal)
        let backwards = field(1, field(5, 9) + field(6, 8))
        #expect(decodedResponse(field(13, backwards)).status?.message.contains("ends before it begins") == true)
    }
}
