internal import CZlib
internal import NIOCore

/// Compresses pieces of bodies for all connections of one thread.
///
/// Each piece is compressed by itself, so no state is kept between two pieces: a slow reader does not hold zlib's
/// state, about 260 KiB. Concatenated, the pieces are still one stream (RFC 1951, section 2): each except the last ends
/// with an empty block, on a byte boundary.
final class Deflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// The fastest level. Consecutive IDs have most of their digits in common: higher levels gain little.
    private static let level: Int32 = 1
    /// The window is as long as a piece: 16 KiB.
    private static let windowBits: Int32 = 14
    private static let memoryLevel: Int32 = 7

    init() {
        stream.initialize(to: z_stream())
        let status = czlib_deflate_init_raw(stream, Self.level, Self.windowBits, Self.memoryLevel)
        precondition(status == Z_OK, "zlib refuses parameters that it documents, or there is no memory")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1).deallocate()
    }

    /// Writes `piece` compressed; with `isLast`, also the end of the stream.
    func compress(_ piece: ByteBuffer, isLast: Bool, to buffer: inout ByteBuffer) {
        deflateReset(stream)
        // The bound of zlib is for one call that ends the stream. The 16 bytes are for the empty block and the end
        // block.
        let bound = Int(deflateBound(stream, uLong(piece.readableBytes))) + 16
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { output in
            piece.withUnsafeReadableBytes { input in
                // zlib does not write to its input.
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: input.bindMemory(to: UInt8.self).baseAddress
                )
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                let status = deflate(stream, isLast ? Z_FINISH : Z_FULL_FLUSH)
                precondition(status == (isLast ? Z_STREAM_END : Z_OK), "the output has room for all")
                (stream.pointee.next_in, stream.pointee.next_out) = (nil, nil)
                return output.count - Int(stream.pointee.avail_out)
            }
        }
    }

    /// The checksum of the bytes before, extended by `piece`.
    static func checksum(_ before: UInt32, _ piece: ByteBuffer) -> UInt32 {
        piece.withUnsafeReadableBytes { bytes in
            UInt32(
                truncatingIfNeeded: crc32(
                    uLong(before),
                    bytes.bindMemory(to: UInt8.self).baseAddress,
                    UInt32(bytes.count)
                )
            )
        }
    }
}

/// One body in gzip's format (RFC 1952), written in pieces. This is all the state between two pieces.
struct GzipBody {
    private var checksum: UInt32 = 0
    private var length: UInt32 = 0
    private var isStarted = false

    mutating func write(_ piece: ByteBuffer, isLast: Bool, to buffer: inout ByteBuffer, by deflater: Deflater) {
        if !isStarted {
            isStarted = true
            // Deflate, no flags, no time, fastest compression, unknown operating system.
            buffer.writeBytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 255])
        }
        checksum = Deflater.checksum(checksum, piece)
        length &+= UInt32(piece.readableBytes)
        deflater.compress(piece, isLast: isLast, to: &buffer)
        guard isLast else { return }
        buffer.writeInteger(checksum, endianness: .little)
        buffer.writeInteger(length, endianness: .little)
    }
}
