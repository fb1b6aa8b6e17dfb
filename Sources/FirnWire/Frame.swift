/// How a connection's bytes are divided into frames: a 4-byte big-endian length, then that many bytes of a message.
package enum Frame {
    package static let headerLength = 4

    /// The largest request that a daemon reads, many times larger than any call. A peer that sends more is not a Firn
    /// client.
    package static let maximumRequestLength = 4096

    /// The largest response that a client reads: a batch of 65,536 with a run for each ID takes about 1.2 MiB.
    package static let maximumResponseLength = 2 * 1024 * 1024

    /// The state of a connection's unread input.
    package enum Reading: Equatable {
        /// A whole frame: a message of `length` bytes after the header.
        case whole(length: Int)
        /// The beginning of a frame, or nothing yet.
        case partial
        /// A length that is over the limit, or 0, because no message is empty. What follows cannot be read either.
        case invalid(length: Int)
    }

    /// Looks at the first bytes of the unread input.
    package static func read(_ bytes: RawSpan, maximumLength: Int) -> Reading {
        guard bytes.byteCount >= headerLength else { return .partial }
        let length = Int(UInt32(bigEndian: bytes.unsafeLoadUnaligned(as: UInt32.self)))
        guard length > 0, length <= maximumLength else { return .invalid(length: length) }
        return bytes.byteCount - headerLength >= length ? .whole(length: length) : .partial
    }
}
