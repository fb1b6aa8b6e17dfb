import FirnWire
import NIOCore
import Testing

@testable import FirnGRPC

@Suite struct MessageReaderTests {
    private static let messages: [[UInt8]] = [[1, 2, 3], [], Array(repeating: 7, count: 300), [9]]
    private static let bytes = messages.flatMap { GRPCPeer.prefixed($0) }

    @Test func readsMessagesWhateverThePieces() throws {
        for split in 0...Self.bytes.count {
            var reader = MessageReader(maximumLength: 300)
            var read: [[UInt8]] = []
            for piece in [Self.bytes[..<split], Self.bytes[split...]] {
                reader.append(ByteBuffer(bytes: piece))
                while let message = try reader.next() { read.append(Array(message.readableBytesView)) }
            }
            #expect(read == Self.messages && !reader.hasPart, "split at \(split)")
        }
    }

    @Test func readsMessagesByteByByte() throws {
        var reader = MessageReader(maximumLength: 300)
        var read: [[UInt8]] = []
        for byte in Self.bytes {
            reader.append(ByteBuffer(bytes: [byte]))
            while let message = try reader.next() { read.append(Array(message.readableBytesView)) }
        }
        #expect(read == Self.messages)
    }

    /// What is read at once may be 16 KiB, of many calls.
    @Test func aPartKeepsNoMoreMemoryThanItHas() throws {
        var reader = MessageReader(maximumLength: 300)
        var read = ByteBuffer(repeating: 1, count: 16_384)
        reader.append(read.readSlice(length: 3)!)
        #expect(try reader.next() == nil)
        reader.keepPart()
        #expect(reader.hasPart && reader.unread.storageCapacity < 100)
    }

    @Test func refusesWhatItCannotRead() {
        func code(_ bytes: [UInt8]) -> Status.Code? {
            var reader = MessageReader(maximumLength: 300)
            reader.append(ByteBuffer(bytes: bytes))
            do throws(Status) {
                _ = try reader.next()
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(GRPCPeer.prefixed([1], flag: 1)) == .unimplemented)
        #expect(code(GRPCPeer.prefixed([1], flag: 2)) == .internal)
        // Before the message has arrived.
        #expect(code([0, 0, 0, 1, 45]) == .resourceExhausted)
        #expect(code([0, 255, 255, 255, 255]) == .resourceExhausted)
        #expect(code([0, 0, 0, 1, 44]) == nil)
    }
}
