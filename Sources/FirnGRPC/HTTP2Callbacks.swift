internal import CNghttp2

/// What nghttp2 calls. Each finds its ``HTTP2Session``; no error passes through nghttp2.
enum HTTP2Callbacks {
    static func makeSession() -> OpaquePointer {
        var session: OpaquePointer?
        let result = nghttp2_session_server_new3(&session, callbacks, nil, options, nil)
        guard result == 0, let session else { preconditionFailure("nghttp2 has failed: there is no memory") }
        return session
    }

    /// nghttp2 copies it into each session, and it is not changed.
    private nonisolated(unsafe) static let options: OpaquePointer = {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0, let options else {
            preconditionFailure("nghttp2 has failed: there is no memory")
        }
        // Windows are restored by the session, except those of streams from which nothing more is wanted.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // It would check what does not matter here, as nothing is passed on: CallHead looks at the fields that it needs.
        nghttp2_option_set_no_http_messaging(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        // The session counts both itself, with limits of its own.
        nghttp2_option_set_max_outbound_ack(options, 2 * GRPCLimits.maximumControlFramesPerSecond)
        cnghttp2_set_reset_limit(options, 1 << 32, 1 << 32)
        return options
    }()

    /// Likewise.
    private nonisolated(unsafe) static let callbacks: OpaquePointer = {
        var callbacks: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks else {
            preconditionFailure("nghttp2 has failed: there is no memory")
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
            session(user).frameBegan(header!.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            session(user).blockBegan(isRequest: frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST)
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameCount, value, count, _, user in
            let pauses = session(user).fieldReceived(
                UnsafeRawBufferPointer(start: name, count: nameCount),
                UnsafeRawBufferPointer(start: value, count: count)
            )
            return pauses ? NGHTTP2_ERR_PAUSE.rawValue : 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            session(user).frameReceived(frame!)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, user in
            session(user).dataReceived(bytes!, count, stream) ? NGHTTP2_ERR_PAUSE.rawValue : 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
            session(user).frameSent(frame!)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, user in
            session(user).closed(stream)
            return 0
        }
        return callbacks
    }()

    /// Where an answer's messages come from.
    static let read: nghttp2_data_source_read_callback = { _, id, memory, length, flags, source, user in
        let stream = Unmanaged<HTTP2Session.Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
        let memory = UnsafeMutableRawBufferPointer(start: memory, count: length)
        guard let (count, isLast) = session(user).read(stream, id, into: memory) else {
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        // Trailers end the stream.
        if isLast { flags!.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
        return count
    }

    /// It lives as long as nghttp2's session, which it owns.
    private static func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session {
        Unmanaged<HTTP2Session>.fromOpaque(user!).takeUnretainedValue()
    }
}

/// What nghttp2 has read or written.
extension HTTP2Session {
    fileprivate func frameBegan(_ header: nghttp2_frame_hd) {
        let isLast = header.has(NGHTTP2_FLAG_END_STREAM)
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            block.length = header.length
            block.listLength = 0
            block.continuations = 0
            // One of a stream that is closed already is ignored.
            if header.stream_id <= lastStream, streams[header.stream_id] == nil { countControlFrame() }
            checkBlock()
        case NGHTTP2_CONTINUATION:
            block.length += header.length
            block.continuations += 1
            checkBlock()
        case NGHTTP2_DATA:
            if !isLast, header.length == 0 || header.has(NGHTTP2_FLAG_PADDED) { countControlFrame() }
        case NGHTTP2_RST_STREAM: countReset()
        case NGHTTP2_SETTINGS:
            if !header.has(NGHTTP2_FLAG_ACK) { countSettings() }
        case NGHTTP2_PING:
            if !header.has(NGHTTP2_FLAG_ACK) { countControlFrame() }
        case NGHTTP2_PRIORITY, NGHTTP2_GOAWAY: countControlFrame()
        default: break
        }
    }

    private func checkBlock() {
        guard block.length > limits.headerLength || block.continuations > limits.continuations else { return }
        fail(.enhanceYourCalm, "a header block is too long, or in too many frames")
    }

    fileprivate func blockBegan(isRequest: Bool) {
        block.isRequest = isRequest
        if isRequest { block.reader.reset() }
    }

    /// - Returns: whether reading pauses.
    fileprivate func fieldReceived(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        guard !hasFailed else { return false }
        let isFirst = block.listLength == 0
        block.listLength += name.count + value.count + 32
        guard block.listLength <= limits.headerLength else {
            fail(.enhanceYourCalm, "the header fields have more than \(limits.headerLength) bytes")
            return false
        }
        if block.isRequest { block.reader.add(name, value) }
        return isFirst && pauses()
    }

    fileprivate func frameReceived(_ frame: UnsafePointer<nghttp2_frame>) {
        guard !hasFailed else { return }
        let header = frame.pointee.hd
        let isLast = header.has(NGHTTP2_FLAG_END_STREAM)
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
                opened(header.stream_id)
                delegate.received(block.reader.fields, on: header.stream_id, isLast: isLast)
            } else if isLast {
                delegate.receivedEnd(of: header.stream_id)
            } else {
                // Trailers have to end their stream.
                reset(header.stream_id, .protocolError)
            }
        case NGHTTP2_DATA: if isLast { delegate.receivedEnd(of: header.stream_id) }
        case NGHTTP2_SETTINGS: if !header.has(NGHTTP2_FLAG_ACK) { delegate.receivedSettings() }
        case NGHTTP2_PING: if header.has(NGHTTP2_FLAG_ACK) { delegate.pingAnswered() }
        default: break
        }
    }

    /// - Returns: whether reading pauses.
    fileprivate func dataReceived(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ stream: Int32) -> Bool {
        consumed(count, of: stream)
        guard !hasFailed else { return false }
        delegate.received(slice(bytes, count), on: stream)
        return pauses()
    }

    fileprivate func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS: if header.has(NGHTTP2_FLAG_END_STREAM) { sentEnd(of: header.stream_id) }
        case NGHTTP2_RST_STREAM:
            // For an error of the peer, which could make us send any number of them.
            if frame.pointee.rst_stream.error_code != HTTP2Code.noError.rawValue { countReset() }
        case NGHTTP2_GOAWAY: sentGoAway(frame.pointee.goaway.opaque_data_len)
        default: break
        }
    }
}

extension nghttp2_frame_hd {
    fileprivate func has(_ flag: nghttp2_flag) -> Bool { UInt32(flags) & flag.rawValue != 0 }
}
