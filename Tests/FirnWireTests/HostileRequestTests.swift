import FirnTestSupport
import FirnWire
import Testing

/// What a peer can send that no client of ours does.
@Suite struct HostileRequestTests {
    private static let nextID = Request(callID: 0, method: .nextID)

    @Test func unknownFieldsAreIgnored() {
        let unknown =
            field(100, 5) + field(101, [1, 2, 3]) + varint(102 << 3 | 5) + [1, 2, 3, 4] + varint(103 << 3 | 1)
            + [1, 2, 3, 4, 5, 6, 7, 8] + field(536_870_911, 1)
        let expected = Decoded.message(Request(callID: 4, timeoutMilliseconds: 2, method: .nextBatch(count: 6)))
        let parts = [field(1, 4), field(2, 2), field(4, unknown + field(1, 6) + unknown)]
        #expect(decodedRequest(unknown + parts.joined()) == expected)
        #expect(decodedRequest(parts.joined() + unknown) == expected)
        #expect(decodedRequest(parts[0] + unknown + parts[1] + unknown + parts[2]) == expected)
    }

    @Test func fieldsComeInAnyOrder() {
        #expect(
            decodedRequest(field(4, field(1, 6)) + field(2, 2) + field(1, 4))
                == .message(Request(callID: 4, timeoutMilliseconds: 2, method: .nextBatch(count: 6)))
        )
    }

    @Test func anUnknownMethodIsNoError() {
        #expect(decodedRequest(field(1, 8) + field(15, [])) == .message(Request(callID: 8, method: .unknown)))
        #expect(decodedRequest(field(1, 8)) == .message(Request(callID: 8, method: .unknown)))
        #expect(decodedRequest([]) == .message(Request(callID: 0, method: .unknown)))
    }

    @Test func aFrameOfUnknownFieldsIsRefusedInWords() {
        let decoder = RequestDecoder()
        // A field of one byte's head and one byte's value; protobuf-c keeps each, at some fifty bytes.
        let frame = (0..<Frame.maximumRequestLength / 2).flatMap { _ in field(15, 1) }
        #expect(frame.count == Frame.maximumRequestLength)
        let before = residentBytes()
        for _ in 0..<5000 {
            let status = decoder.decoded(frame).status
            #expect(status?.code == .invalidArgument)
            #expect(status?.message.contains("more fields than the daemon reads") == true)
        }
        // Unpacked with malloc these frames would have taken half a gigabyte.
        #expect(residentBytes() - before < 100 * 1024 * 1024)
        #expect(decoder.decoded([0x1a, 0]) == .message(Self.nextID))
    }

    @Test func someUnknownFieldsAreFine() {
        let frame = field(3, []) + (0..<200).flatMap { _ in field(15, 1) }
        #expect(decodedRequest(frame) == .message(Self.nextID))
    }

    @Test func theLastOfTwoMethodsCounts() {
        let cases: [(bytes: [UInt8], method: Request.Method)] = [
            (field(3, []) + field(4, field(1, 5)), .nextBatch(count: 5)),
            (field(4, field(1, 5)) + field(3, []), .nextID),
            (field(4, field(1, 5)) + field(4, field(1, 6)), .nextBatch(count: 6)),
            (field(5, field(1, [97]) + field(2, 5)) + field(6, field(1, [98])), .newPrefix(service: Name("b")!)),
            (
                field(6, field(1, [98])) + field(5, field(1, [97]) + field(2, 5)),
                .nextTickets(sequence: Name("a")!, count: 5)
            ),
            (field(6, field(1, [98])) + field(15, []), .newPrefix(service: Name("b")!)),
        ]
        for (bytes, method) in cases {
            #expect(decodedRequest(bytes) == .message(Request(callID: 0, method: method)))
        }
    }

    /// Other protobuf libraries merge the parts of a method that comes twice, protobuf-c takes the last alone. No client
    /// sends such a thing; what matters is that the first part is not read after it was dropped.
    @Test func aMethodInTwoPartsIsTheLastPart() {
        #expect(
            decodedRequest(field(5, field(1, Array("first".utf8))) + field(5, field(1, Array("second".utf8))))
                == .message(Request(callID: 0, method: .nextTickets(sequence: Name("second")!, count: 0)))
        )
        let inOneMessage = field(1, Array("first".utf8)) + field(2, 1) + field(1, Array("second".utf8)) + field(2, 2)
        #expect(
            decodedRequest(field(5, inOneMessage))
                == .message(Request(callID: 0, method: .nextTickets(sequence: Name("second")!, count: 2)))
        )
    }

    @Test func manyMethodsInOneFrameStayWithinTheArena() {
        let decoder = RequestDecoder()
        let frame = (0..<Frame.maximumRequestLength / 2).flatMap { _ in field(3, []) }
        let status = decoder.decoded(frame).status
        #expect(status?.code == .invalidArgument)
        // Not "unknown" ones: the words must fit a frame that only repeats what firn.proto has.
        #expect(status?.message.contains("more fields than the daemon reads") == true)
        #expect(decoder.decoded([0x1a, 0]) == .message(Self.nextID))
    }

    @Test func brokenEncodingsAreRefused() {
        let broken: [(what: String, bytes: [UInt8])] = [
            ("a varint without an end", [0x08, 0x80]),
            ("a varint of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [0x01]),
            ("field number 0", [0x00, 0x01]),
            ("a length without its bytes", [0x22, 0x05, 0x08]),
            ("a length of 4 GiB", [0x22, 0xff, 0xff, 0xff, 0xff, 0x0f]),
            ("a length of 2^64 - 1", [0x22] + [UInt8](repeating: 0xff, count: 9) + [0x01]),
            ("a length of 2^31 - 1", [0x22, 0xff, 0xff, 0xff, 0xff, 0x07, 0x08, 0x01]),
            ("a name longer than its message", field(6, [0x0a, 0x7f, 0x61])),
            ("a name of 2^64 - 2 bytes", field(6, [0x0a, 0xfe] + [UInt8](repeating: 0xff, count: 8) + [0x01, 0x61])),
            ("a group", [0x1b, 0x1c]),
            ("a group's end", [0x1c]),
            ("an unknown group", [0x7b, 0x7c]),
            ("wire type 6", [0x7e, 0x01]),
            ("wire type 7", [0x7f, 0x01]),
            ("four bytes that are three", [0x7d, 1, 2, 3]),
            ("eight bytes that are seven", [0x79, 1, 2, 3, 4, 5, 6, 7]),
            ("a method that is a number", [0x18, 0x01]),
            ("a call that is a string", [0x0a, 0x01, 0x61]),
            ("a count that is a string", field(4, [0x0a, 0x01, 0x61])),
            ("HTTP", Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)),
        ]
        let decoder = RequestDecoder()
        for (what, bytes) in broken {
            let status = decoder.decoded(bytes).status
            #expect(status?.code == .internal, "\(what)")
            #expect(status?.message.contains("not a firn.v1.Request") == true, "\(what)")
        }
    }

    @Test func paddedVarintsAreRead() {
        #expect(
            decodedRequest([0x08, 0x81, 0x80, 0x80, 0x00, 0x1a, 0x80, 0x00])
                == .message(Request(callID: 1, method: .nextID))
        )
    }

    @Test(arguments: seeds) func garbageNeverCrashes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let requests = RequestDecoder()
        let responses = ResponseDecoder()
        for _ in 0..<40 {
            let bytes = generator.bytes(upTo: Frame.maximumRequestLength)
            _ = requests.decoded(bytes)
            _ = responses.decoded(bytes)
            let short = generator.bytes(upTo: 24)
            _ = requests.decoded(short)
            _ = responses.decoded(short)
        }
        #expect(requests.decoded([0x1a, 0]) == .message(Self.nextID))
    }

    /// Garbage that is nearly a message gets further into the decoder than mere noise.
    @Test(arguments: seeds) func damagedMessagesNeverCrash(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let requests = RequestDecoder()
        let responses = ResponseDecoder()
        let request = message {
            $0.appendRequest(
                Request(callID: 77, timeoutMilliseconds: 5, method: .nextTickets(sequence: Name("orders")!, count: 9))
            )
        }
        let response = message { $0.appendDescription(callID: 1, DescriptionSamples.sonyflake) }
        for _ in 0..<200 {
            for original in [request, response] {
                var damaged = original + original
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let index = Int.random(in: 0..<damaged.count, using: &generator)
                    damaged[index] = UInt8(truncatingIfNeeded: generator.next())
                }
                _ = requests.decoded(damaged)
                _ = responses.decoded(damaged)
            }
        }
        #expect(requests.decoded([0x1a, 0]) == .message(Self.nextID))
    }
}
