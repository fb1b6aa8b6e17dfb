package import FirnLayout

// Decodes and encodes NextID by hand, because nearly all calls are NextID. With protobuf-c's tables, this was more than
// half of the daemon's cost for such a call with many in flight. The decoder accepts only what every protobuf library
// writes: the fields in their order, each once. protobuf-c decodes everything else. The encoder writes what protobuf-c
// writes. SingleCallTests compare the two.

/// A NextID as it is usually written.
///
/// A separate type, which fits into registers. A whole ``Request`` is written to memory in words and read back in wider
/// parts; a processor cannot forward such a store to its load, and waits for it.
package struct SingleCall: Equatable {
    package let callID: UInt64
    package let timeoutMilliseconds: UInt32

    private static let callIDTag: UInt8 = 1 << 3
    private static let timeoutTag: UInt8 = 2 << 3
    private static let nextIDTag: UInt8 = 3 << 3 | 2

    /// - Returns: `nil` when the message does not have this form; it may still be valid.
    @inline(__always)
    package init?(_ message: RawSpan) {
        let call: SingleCall? = message.withUnsafeBytes { bytes in
            var reader = Reader(message: bytes)
            var callID: UInt64 = 0
            var timeout: UInt64 = 0
            if reader.take(Self.callIDTag) {
                guard let number = reader.varint() else { return nil }
                callID = number
            }
            if reader.take(Self.timeoutTag) {
                guard let number = reader.varint(), number <= UInt32.max else { return nil }
                timeout = number
            }
            guard reader.take(Self.nextIDTag), reader.take(0), reader.isAtEnd else { return nil }
            return SingleCall(callID: callID, timeoutMilliseconds: UInt32(timeout))
        }
        guard let call else { return nil }
        self = call
    }

    private init(callID: UInt64, timeoutMilliseconds: UInt32) {
        self.callID = callID
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    private struct Reader {
        private let message: UnsafeRawBufferPointer
        private var offset = 0

        init(message: UnsafeRawBufferPointer) {
            self.message = message
        }

        var isAtEnd: Bool { offset == message.count }

        /// Consumes the next byte if it is this one.
        @inline(__always)
        mutating func take(_ byte: UInt8) -> Bool {
            guard offset < message.count, message[offset] == byte else { return false }
            offset += 1
            return true
        }

        /// - Returns: `nil` when it does not end within the message, or exceeds 64 bits.
        @inline(__always)
        mutating func varint() -> UInt64? {
            var number: UInt64 = 0
            var shift: UInt64 = 0
            while offset < message.count {
                let byte = message[offset]
                offset += 1
                guard shift < 63 || byte <= 1 else { return nil }
                number |= UInt64(byte & 0x7F) &<< shift
                guard byte >= 0x80 else { return number }
                shift += 7
            }
            return nil
        }
    }
}

extension FrameBuffer {
    /// A frame's header, 1 + 10 bytes for the call, 2 for the outcome's header, 9 for the ID.
    private static let singleAnswerLength = Frame.headerLength + 22

    /// The answer to NextID.
    package func appendNextID(callID: UInt64, id: FirnID) {
        // protobuf does not write 0, because it is a field's default value.
        guard id.rawValue != 0 else { return appendAnyNextID(callID: callID, id: id) }
        appendUninitialized(Self.singleAnswerLength) { free in
            var end = Frame.headerLength
            func put(_ byte: UInt8) {
                free.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
                end += 1
            }
            if callID != 0 {
                put(1 << 3)
                var rest = callID
                while rest >= 0x80 {
                    put(UInt8(truncatingIfNeeded: rest) | 0x80)
                    rest &>>= 7
                }
                put(UInt8(rest))
            }
            put(3 << 3 | 2)
            put(9)
            put(1 << 3 | 1)
            free.storeBytes(of: id.rawValue.littleEndian, toByteOffset: end, as: UInt64.self)
            end += 8
            free.storeBytes(of: UInt32(end - Frame.headerLength).bigEndian, as: UInt32.self)
            return end
        }
    }
}
