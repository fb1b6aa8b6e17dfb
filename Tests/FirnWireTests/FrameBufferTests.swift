import FirnTestSupport
import FirnWire
import Testing

@Suite struct FrameBufferTests {
    private static func append(_ bytes: [UInt8], to buffer: FrameBuffer) {
        bytes.withUnsafeBytes { buffer.append($0) }
    }

    @Test func aNewBufferIsEmpty() {
        let buffer = FrameBuffer()
        #expect(buffer.count == 0)
        #expect(buffer.bytes.isEmpty)
        buffer.removeFirst(0)
        buffer.removeAll()
        buffer.release()
        Self.append([], to: buffer)
        #expect(buffer.count == 0)
    }

    @Test(arguments: seeds) func itBehavesLikeAnArray(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let buffer = FrameBuffer()
        var model: [UInt8] = []
        for _ in 0..<200 {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<50:
                let bytes = generator.bytes(upTo: Bool.random(using: &generator) ? 40 : 3000)
                Self.append(bytes, to: buffer)
                model += bytes
            case 50..<95:
                let sent = Int.random(in: 0...model.count, using: &generator)
                buffer.removeFirst(sent)
                model.removeFirst(sent)
            case 95..<98:
                buffer.removeAll()
                model = []
            default:
                buffer.release()
                model = []
            }
            #expect(buffer.count == model.count)
            #expect(buffer.isEmpty == model.isEmpty)
            #expect(buffer.bytes == model)
        }
    }

    @Test func framesAreAppendedBehindWhatWasNotSent() {
        let buffer = FrameBuffer()
        buffer.appendRequest(Request(callID: 1, method: .nextID))
        let first = buffer.bytes
        buffer.removeFirst(3)
        buffer.appendRequest(Request(callID: 1, method: .nextID))
        #expect(buffer.bytes == first.dropFirst(3) + first)
    }

    /// A peer that reads steadily, but never all there is, is within every limit; its buffer must be as well.
    @Test func aBufferThatNeverEmptiesDoesNotGrowForEver() {
        let buffer = FrameBuffer()
        let piece = [UInt8](repeating: 7, count: 700)
        Self.append(piece, to: buffer)
        for _ in 0..<20_000 {
            Self.append(piece, to: buffer)
            buffer.removeFirst(piece.count)
        }
        #expect(buffer.count == piece.count)
        #expect(buffer.capacity <= 8 * piece.count)
    }

    @Test func anEmptyBufferGivesLargeMemoryBackAndKeepsSmall() {
        let buffer = FrameBuffer()
        Self.append([UInt8](repeating: 1, count: 100), to: buffer)
        let small = buffer.capacity
        buffer.removeFirst(100)
        #expect(buffer.capacity == small)
        Self.append([UInt8](repeating: 1, count: FrameBuffer.keptCapacity + 1), to: buffer)
        buffer.removeFirst(1)
        #expect(buffer.capacity > FrameBuffer.keptCapacity)
        buffer.removeFirst(FrameBuffer.keptCapacity)
        #expect(buffer.capacity == 0)
    }

    @Test func releasingGivesAllMemoryBack() {
        let buffer = FrameBuffer()
        Self.append([1, 2, 3], to: buffer)
        buffer.release()
        #expect(buffer.count == 0)
        #expect(buffer.capacity == 0)
    }

    @Test func sendingMoreThanThereIsTraps() async {
        await #expect(processExitsWith: .failure) {
            let buffer = FrameBuffer()
            buffer.removeFirst(1)
        }
        await #expect(processExitsWith: .failure) {
            let buffer = FrameBuffer()
            buffer.removeFirst(-1)
        }
    }
}
