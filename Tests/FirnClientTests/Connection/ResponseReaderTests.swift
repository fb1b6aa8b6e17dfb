import FirnLayout
import FirnWire
import NIOCore
import Testing

@testable import FirnClient

@Suite struct ResponseReaderTests {
    /// Three responses, one of them long, as bytes.
    private static let bytes: [UInt8] = {
        let buffer = FrameBuffer()
        buffer.appendNextID(callID: 1, id: FirnID(rawValue: 77))
        buffer.appendNextBatch(
            callID: 2,
            runs: (0..<20).map { Run(first: FirnID(rawValue: $0 * 100), count: 3, stride: 4) }
        )
        buffer.appendGoAway(reason: "the daemon stops")
        return buffer.withUnsafeBytes { Array($0) }
    }()

    @Test func everySplitGivesTheSameResponses() throws {
        for split in 0...Self.bytes.count {
            var reader = ResponseReader()
            var calls: [UInt64] = []
            for part in [Self.bytes[..<split], Self.bytes[split...]] {
                reader.append(ByteBuffer(bytes: part))
                while let response = try reader.next() { calls.append(response.callID) }
            }
            #expect(calls == [1, 2, 0], "split at \(split)")
        }
    }

    @Test func byteByByteIsEnough() throws {
        var reader = ResponseReader()
        var calls: [UInt64] = []
        for byte in Self.bytes {
            reader.append(ByteBuffer(bytes: [byte]))
            while let response = try reader.next() { calls.append(response.callID) }
        }
        #expect(calls == [1, 2, 0])
    }

    @Test func whatComesBeforeGarbageIsRead() throws {
        var reader = ResponseReader()
        reader.append(ByteBuffer(bytes: Self.bytes + [0, 0, 0, 0]))
        for callID: UInt64 in [1, 2, 0] { #expect(try reader.next()?.callID == callID) }
        do {
            _ = try reader.next()
            Issue.record("garbage was read")
        } catch {
            #expect(error.message.contains("0 bytes"))
        }
    }
}
