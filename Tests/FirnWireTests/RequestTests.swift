import FirnWire
import Testing

@Suite struct RequestTests {
    private static let longest = Name(String(repeating: "x", count: Name.maximumLength))!

    @Test func everyRequestIsReadBackAsItWasWritten() {
        let decoder = RequestDecoder()
        let numbers: [UInt32] = [0, 1, 127, 128, 65_536, .max]
        for callID in [0, 1, 127, 128, UInt64(UInt32.max) + 1, .max] {
            for timeout in numbers {
                let methods: [Request.Method] =
                    [.nextID, .describe, .newPrefix(service: Self.longest), .newPrefix(service: Name("a")!)]
                    // A count of 0 passes the wire: the session refuses it, with the limit in its words.
                    + numbers.map { .nextBatch(count: $0) }
                    + numbers.map { .nextTickets(sequence: Self.longest, count: $0) }
                for method in methods {
                    let request = Request(callID: callID, timeoutMilliseconds: timeout, method: method)
                    let bytes = message { $0.appendRequest(request) }
                    #expect(bytes.count <= Frame.maximumRequestLength)
                    #expect(decoder.decoded(bytes) == .message(request))
                }
            }
        }
    }

    /// What another implementation wrote. In `proto/`:
    ///
    ///     echo TEXT | protoc --encode=firn.v1.Request firn/v1/firn.proto | xxd -p
    private static let golden: [(text: String, hex: String, request: Request)] = [
        ("call_id: 1 next_id {}", "08011a00", Request(callID: 1, method: .nextID)),
        ("next_id {}", "1a00", Request(callID: 0, method: .nextID)),
        (
            "call_id: 18446744073709551615 timeout_ms: 4294967295 next_batch { count: 4294967295 }",
            "08ffffffffffffffffff0110ffffffff0f220608ffffffff0f",
            Request(callID: .max, timeoutMilliseconds: .max, method: .nextBatch(count: .max))
        ),
        (
            "call_id: 300 timeout_ms: 1500 next_batch { count: 65536 }", "08ac0210dc0b220408808004",
            Request(callID: 300, timeoutMilliseconds: 1500, method: .nextBatch(count: 65_536))
        ),
        ("call_id: 2 next_batch {}", "08022200", Request(callID: 2, method: .nextBatch(count: 0))),
        (
            #"call_id: 3 next_tickets { sequence: "orders.eu_1-a" count: 1000 }"#,
            "08032a120a0d6f72646572732e65755f312d6110e807",
            Request(callID: 3, method: .nextTickets(sequence: Name("orders.eu_1-a")!, count: 1000))
        ),
        (
            #"call_id: 4 new_prefix { service: "checkout" }"#, "0804320a0a08636865636b6f7574",
            Request(callID: 4, method: .newPrefix(service: Name("checkout")!))
        ),
        ("call_id: 5 describe {}", "08053a00", Request(callID: 5, method: .describe)),
        ("call_id: 6", "0806", Request(callID: 6, method: .unknown)),
    ]

    @Test func whatProtocEncodesIsRead() {
        for (text, hex, request) in Self.golden {
            #expect(decodedRequest(bytes(hex: hex)) == .message(request), "\(text)")
        }
    }

    @Test func whatWeEncodeIsWhatProtocEncodes() {
        for (text, hex, request) in Self.golden where request.method != .unknown {
            #expect(message { $0.appendRequest(request) } == bytes(hex: hex), "\(text)")
        }
    }

    @Test func everyCutOfAMessageIsRefusedOrReadWithoutItsEnd() {
        let decoder = RequestDecoder()
        for (text, hex, request) in Self.golden {
            let whole = bytes(hex: hex)
            for length in 0..<whole.count {
                guard case .message(let cut) = decoder.decoded(Array(whole[..<length])) else { continue }
                #expect(cut.method == .unknown, "\(text) cut to \(length) bytes lost its method, and only that")
                #expect(cut.callID == request.callID || cut.callID == 0)
            }
        }
    }

    @Test func oneDecoderForgetsOneMessageBeforeTheNext() {
        let decoder = RequestDecoder()
        for round in 0..<2000 {
            // Each takes a few hundred bytes of the arena: without a reset it would be full after some two hundred.
            let tickets = Request(
                callID: UInt64(round),
                timeoutMilliseconds: 1,
                method: .nextTickets(sequence: Self.longest, count: 7)
            )
            #expect(decoder.decoded(message { $0.appendRequest(tickets) }) == .message(tickets))
            #expect(decoder.decoded([0x1a, 0]) == .message(Request(callID: 0, method: .nextID)))
        }
    }

    @Test func aRefusedMessageDoesNotHarmTheNext() {
        let decoder = RequestDecoder()
        #expect(decoder.decoded([0xff]).status?.code == .internal)
        #expect(decoder.decoded([0x1a, 0]) == .message(Request(callID: 0, method: .nextID)))
    }
}
