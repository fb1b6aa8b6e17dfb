internal import CZlib
internal import NIOCore

/// Compresses pieces of bodies for all connections of one thread.
///
/// Each piece is compressed by itself, so that nothing is kept between two: a connection that reads slowly holds no
/// state of zlib's, which would be some 260 KiB. The pieces one after the other are one stream all the same (RFC 1951,
/// section 2): each but the last ends with an empty block, on a byte's border.
final class Deflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// The fastest. IDs that follow one another have most of their digits in common: higher levels gain little.
    private static let level: Int32 = 1
    /// As far back as a piece is long: 16 KiB.
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

    /// Writes `piece` compressed; with `isLast` behind it the stream's end.
    func compress(_ piece: ByteBuffer, isLast: Bool, to buffer: inout ByteBuffer) {
        deflateReset(stream)
        // With the empty block and the end's, beyond what zlib promises for one call that ends the stream.
        let bound = Int(deflateBound(stream, uLong(piece.readableBytes))) + 16
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { output in
            piece.withUnsafeReadableBytes { input in
                // zlib only reads what comes in.
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

    /// The checksum of what was before and `piece`.
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

/// One body as gzip has it (RFC 1952), piece by piece: all that is kept of it in between.
struct GzipBody {
    private var checksum: UInt32 = 0
    private var length: UInt32 = 0
    private var isStarted = false

    mutating func write(_ piece: ByteBuffer, isLast: Bool, to buffer: inout ByteBuffer, by deflater: Deflater) {
        if !isStarted {
            isStarted = true
            // Deflate, no flags, no time, compressed fast, of an unknown system.
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
