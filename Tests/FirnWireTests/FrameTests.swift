import FirnWire
import Testing

@Suite struct FrameTests {
    private static func header(_ length: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }

    private static func reading(_ bytes: [UInt8], maximumLength: Int = Frame.maximumRequestLength) -> Frame.Reading {
        Frame.read(bytes.span.bytes, maximumLength: maximumLength)
    }

    @Test func aHeaderIsBigEndian() {
        #expect(Self.reading([0, 0, 1, 2] + Array(repeating: 7, count: 258)) == .whole(length: 258))
    }

    @Test func nothingAndLessThanAHeaderArePartial() {
        for length in 0..<4 { #expect(Self.reading(Array(repeating: 0xff, count: length)) == .partial) }
    }

    @Test func lengthZeroIsInvalid() {
        #expect(Self.reading([0, 0, 0, 0]) == .invalid(length: 0))
        #expect(Self.reading([0, 0, 0, 0, 8, 1]) == .invalid(length: 0))
    }

    @Test func exactlyTheLimitIsReadAndOneMoreIsNot() {
        let limit = Frame.maximumRequestLength
        let body = [UInt8](repeating: 1, count: limit)
        #expect(Self.reading(Self.header(UInt32(limit)) + body) == .whole(length: limit))
        #expect(Self.reading(Self.header(UInt32(limit)) + body.dropLast()) == .partial)
        // Refused by its header alone: a peer that announces too much is not waited for.
        #expect(Self.reading(Self.header(UInt32(limit + 1))) == .invalid(length: limit + 1))
    }

    @Test func theGreatestLengthIsNotNegative() {
        #expect(Self.reading([0xff, 0xff, 0xff, 0xff]) == .invalid(length: 4_294_967_295))
        #expect(Self.reading([0x80, 0, 0, 0]) == .invalid(length: 2_147_483_648))
    }

    @Test func severalFramesAreReadAlikeFromEverySplit() throws {
        let requests = [
            Request(callID: 1, method: .nextID),
            Request(callID: .max, timeoutMilliseconds: .max, method: .nextBatch(count: .max)),
            Request(callID: 3, method: .nextTickets(sequence: Name("orders")!, count: 5)),
            Request(callID: 0, method: .describe),
        ]
        let buffer = FrameBuffer()
        for request in requests { buffer.appendRequest(request) }
        let whole = buffer.bytes
        for split in 0...whole.count {
            var reader = FrameReader()
            var read = try reader.read(whole[..<split])
            #expect(reader.unread.count < whole.count, "a partial frame is kept, the whole ones before it are not")
            read += try reader.read(whole[split...])
            #expect(read == requests, "split at \(split)")
            #expect(reader.unread.isEmpty)
        }
    }

    @Test func severalFramesAreReadByteByByte() throws {
        let buffer = FrameBuffer()
        for callID in 0..<10 { buffer.appendRequest(Request(callID: UInt64(callID) << 40, method: .nextID)) }
        var reader = FrameReader()
        let read = try buffer.bytes.flatMap { try reader.read([$0]) }
        #expect(read.map(\.callID) == (0..<10).map { UInt64($0) << 40 })
    }
}

/// Cuts pieces of input into frames and decodes them, as the hosts of a session do.
private struct FrameReader: ~Copyable {
    let decoder = RequestDecoder()
    var unread: [UInt8] = []

    mutating func read(_ piece: some Sequence<UInt8>) throws -> [Request] {
        unread += piece
        var requests: [Request] = []
        while case .whole(let length) = Frame.read(unread.span.bytes, maximumLength: Frame.maximumRequestLength) {
            let end = Frame.headerLength + length
            requests.append(try decoder.decode(unread.span.bytes.extracting(Frame.headerLength..<end)))
            unread.removeFirst(end)
        }
        return requests
    }
}
