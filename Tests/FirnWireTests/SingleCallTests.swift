import FirnLayout
import FirnTestSupport
import Testing

@testable import FirnWire

/// What is read and written by hand is what protobuf-c reads and writes.
@Suite struct SingleCallTests {
    private let decoder = RequestDecoder()

    private func byHand(_ bytes: [UInt8]) -> Request? {
        SingleCall(bytes.span.bytes).map { Request($0) }
    }

    private func byProtobuf(_ bytes: [UInt8]) -> Request? {
        try? decoder.decodeAny(bytes.span.bytes)
    }

    @Test(arguments: seeds) func readsWhatIsUsuallyWritten(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let timeout = UInt32(random.number(upTo: UInt64(UInt32.max)))
            let request = Request(callID: random.number(upTo: .max), timeoutMilliseconds: timeout, method: .nextID)
            let bytes = message { $0.appendRequest(request) }
            #expect(byHand(bytes) == request && byProtobuf(bytes) == request)
        }
    }

    /// Bytes that are nearly such a request: changed, cut, doubled, with others in between.
    @Test(arguments: seeds) func readsNothingElseThanProtobufDoes(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var read = 0
        for _ in 0..<2000 {
            let timeout = UInt32(random.number(upTo: UInt64(UInt32.max)))
            let request = Request(callID: random.number(upTo: .max), timeoutMilliseconds: timeout, method: .nextID)
            var bytes = message { $0.appendRequest(request) }
            for _ in 0...(random.next() % 3) {
                let place = Int(random.next() % UInt64(bytes.count + 1))
                let byte = UInt8(truncatingIfNeeded: random.next())
                switch random.next() % 5 {
                case 0: bytes.insert(byte, at: place)
                case 1 where place < bytes.count: bytes[place] = byte
                case 2 where place < bytes.count: bytes[place] ^= 1 << (byte & 7)
                case 3 where place < bytes.count: bytes.remove(at: place)
                default: bytes += bytes.prefix(place)
                }
            }
            guard let request = byHand(bytes) else { continue }
            read += 1
            #expect(byProtobuf(bytes) == request, "\(bytes)")
        }
        #expect(read > 0, "some are still such requests")
    }

    /// What protobuf-c has to judge: a number past its field, one without an end, another method, more after it.
    @Test(arguments: [
        "", "08", "0801", "08ffffffffffffffffff021a00", "08ffffffffffffffffffff011a00", "10ffffffff1f1a00", "08011a",
        "08011a01",
        "08011a0000", "08011a001a00", "1a000801", "100508011a00", "08012200", "08018a0100",
    ]) func leavesTheRestToProtobuf(_ hex: String) {
        #expect(byHand(bytes(hex: hex)) == nil)
    }

    @Test(arguments: seeds) func writesWhatProtobufWrites(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let (callID, id) = (random.number(upTo: .max), FirnID(rawValue: random.number(upTo: .max)))
            #expect(
                message { $0.appendNextID(callID: callID, id: id) }
                    == message { $0.appendAnyNextID(callID: callID, id: id) },
                "\(callID), \(id)"
            )
        }
    }
}
