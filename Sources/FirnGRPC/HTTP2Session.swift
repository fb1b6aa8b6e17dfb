internal import CNghttp2
internal import NIOCore

/// The server's side of an HTTP/2 connection, which nghttp2 reads and writes. It has no socket: bytes are passed in, and those
/// to be sent are taken out.
final class HTTP2Session {
    unowned let delegate: any HTTP2SessionDelegate
    let limits: Limits
    private(set) var streams: [Int32: Stream] = [:]
    /// The last stream that the peer has begun.
    private(set) var lastStream: Int32 = 0
    /// Bytes of answers that were queued since output was taken last.
    private(set) var queuedBytes = 0
    /// Whether nghttp2 is reading or writing, so that nothing can be sent.
    private(set) var isBusy = false

    private let session: OpaquePointer
    /// Whether the peer was told that the session is over. What nghttp2 still reads is ignored.
    private(set) var hasFailed = false
    /// Bytes of the reason that it was told.
    private var lastWords = 0
    /// Whether nghttp2 can do no more, or has nothing to do any more.
    private var isFinished = false
    /// What is being read. Its memory does not move meanwhile.
    private var input = ByteBuffer()
    private var inputStart: UnsafeRawPointer?
    private var isPaused = false
    /// Whether reading waits for ``goOn()``, and what has arrived since.
    private var isHeld = false
    private var unread = ByteBuffer()
    var block = HeaderBlock()
    private var resets: RateLimit
    private var controlFrames: RateLimit
    private var settings: RateLimit

    init(_ delegate: any HTTP2SessionDelegate, _ limits: Limits) {
        self.delegate = delegate
        self.limits = limits
        resets = RateLimit(limits.resets, limits.resetWindow)
        controlFrames = RateLimit(limits.controlFramesPerSecond, .seconds(1))
        settings = RateLimit(limits.settingsPerSecond, .seconds(1))
        session = HTTP2Callbacks.makeSession()
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        let own = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerLength),
            // Without the tree of RFC 7540, which clients could make nghttp2 keep.
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ].map { nghttp2_settings_entry(settings_id: Int32($0.rawValue), value: UInt32($1)) }
        check(nghttp2_submit_settings(session, 0, own, own.count))
    }

    deinit { nghttp2_session_del(session) }

    /// Whether the connection has to be closed: after an error, or because both sides have nothing more to say.
    var isOver: Bool {
        isFinished || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    /// nghttp2 fails at its functions when memory is exhausted, or when a stream is closed already, which is no error here.
    private func check(_ result: Int32) {
        precondition(nghttp2_is_fatal(result) == 0, "nghttp2 has failed: there is no memory")
    }

    // MARK: - Receiving

    func receive(_ bytes: ByteBuffer) {
        if isHeld {
            unread.writeImmutableBuffer(bytes)
        } else if bytes.readableBytes > 0 {
            read(bytes)
        }
    }

    /// Goes on reading what was held back while the peer did not read its answers.
    func goOn() {
        guard isHeld else { return }
        isHeld = false
        let bytes = unread
        unread = ByteBuffer()
        read(bytes)
    }

    private func read(_ bytes: ByteBuffer) {
        input = bytes
        defer { input = ByteBuffer() }
        repeat {
            guard !isFinished else { return }
            isPaused = false
            guard let count = readOnce() else { return isFinished = true }
            input.moveReaderIndex(forwardBy: count)
            guard !isPaused || delegate.sendQueued() else {
                isHeld = true
                // Not a part of a buffer that is read into again. nghttp2 wants an address also where nothing is left.
                unread = input.readableBytes > 0 ? ByteBuffer(bytes: input.readableBytesView) : input
                return
            }
            // After a pause there may be something to do without more bytes: a frame's end.
        } while isPaused || input.readableBytes > 0
    }

    /// - Returns: how many bytes were read; `nil` when the session is over. Only a GOAWAY could follow then, and this session
    ///   can write none.
    private func readOnce() -> Int? {
        let bytes = input
        return bytes.withUnsafeReadableBytes { bytes in
            inputStart = bytes.baseAddress
            isBusy = true
            defer {
                isBusy = false
                inputStart = nil
            }
            let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let count = nghttp2_session_mem_recv(session, start, bytes.count)
            return count >= 0 ? count : nil
        }
    }

    /// A part of what is being read, with the same memory.
    func slice(_ start: UnsafePointer<UInt8>, _ count: Int) -> ByteBuffer {
        let offset = UnsafeRawPointer(start) - inputStart!
        return input.getSlice(at: input.readerIndex + offset, length: count)!
    }

    /// Whether reading has to pause, which a callback tells nghttp2 then.
    func pauses() -> Bool {
        guard queuedBytes >= limits.queuedBytes, !hasFailed else { return false }
        isPaused = true
        return true
    }

    /// Restores the windows, as far as more is wanted.
    func consumed(_ count: Int, of id: Int32) {
        if streams[id]?.isAnswered == false {
            check(nghttp2_session_consume(session, id, count))
        } else {
            check(nghttp2_session_consume_connection(session, count))
        }
    }

    func opened(_ id: Int32) {
        lastStream = id
        streams[id] = Stream()
    }

    func closed(_ id: Int32) {
        guard streams.removeValue(forKey: id) != nil else { return }
        delegate.closed(id)
    }

    func countReset() {
        if resets.isExceeded() { fail(.enhanceYourCalm, "too many streams were reset") }
    }

    func countSettings() {
        if settings.isExceeded() { fail(.enhanceYourCalm, "too many SETTINGS") }
    }

    func countControlFrame() {
        if controlFrames.isExceeded() { fail(.enhanceYourCalm, "too many frames without a request") }
    }

    // MARK: - Sending

    /// What is to be sent, which is sent now; `nil` when there is nothing.
    func takeOutput() -> ByteBuffer? {
        guard !isBusy, !isFinished else { return nil }
        isBusy = true
        defer { isBusy = false }
        var output: ByteBuffer?
        var start: UnsafePointer<UInt8>?
        while true {
            let count = nghttp2_session_mem_send(session, &start)
            guard count > 0 else {
                if count < 0 { isFinished = true }
                break
            }
            let bytes = UnsafeRawBufferPointer(start: start, count: count)
            if output == nil { output = ByteBufferAllocator().buffer(capacity: max(count, Self.outputCapacity)) }
            output!.writeBytes(bytes)
            if isFinished { break }
        }
        queuedBytes = 0
        return output
    }

    private static let outputCapacity = 512

    /// Begins an answer with messages.
    func begin(_ fields: HeaderFields, on id: Int32) {
        guard let stream = streams[id], !stream.hasBegun, !stream.isAnswered else { return }
        stream.hasBegun = true
        var provider = nghttp2_data_provider()
        // It lives until the stream is closed, when nghttp2 has forgotten the provider.
        provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        provider.read_callback = HTTP2Callbacks.read
        // Streams take turns at the connection's window.
        var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        check(nghttp2_session_change_extpri_stream_priority(session, id, &priority, 1))
        queuedBytes += fields.length
        check(nghttp2_submit_response(session, id, fields.vector.baseAddress, fields.vector.count, &provider))
    }

    func send(_ bytes: ByteBuffer, on id: Int32) {
        guard let stream = streams[id], stream.hasBegun, !stream.isAnswered else { return }
        queuedBytes += bytes.readableBytes
        if stream.pending.readableBytes == 0 {
            stream.pending = bytes
        } else {
            stream.pending.discardReadBytes()
            stream.pending.writeImmutableBuffer(bytes)
        }
        resume(stream, id)
    }

    /// Ends an answer.
    ///
    /// - Parameter resets: whether nothing more is read from the stream then.
    func end(_ fields: HeaderFields, on id: Int32, resets: Bool = false) {
        guard let stream = streams[id], !stream.isAnswered else { return }
        stream.isAnswered = true
        stream.isResetAtEnd = resets
        queuedBytes += fields.length
        if !stream.hasBegun {
            check(nghttp2_submit_response(session, id, fields.vector.baseAddress, fields.vector.count, nil))
        } else if stream.pending.readableBytes == 0 {
            // nghttp2 would ask for more only once there is a window, which trailers do not need.
            check(nghttp2_submit_trailer(session, id, fields.vector.baseAddress, fields.vector.count))
        } else {
            stream.end = fields
            resume(stream, id)
        }
    }

    private func resume(_ stream: Stream, _ id: Int32) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        check(nghttp2_session_resume_data(session, id))
    }

    /// Gives nghttp2 what is pending of a stream, as much as flow control lets pass.
    ///
    /// - Returns: the number of bytes and whether they were the last ones; `nil` when there is nothing yet.
    func read(
        _ stream: Stream,
        _ id: Int32,
        into memory: UnsafeMutableRawBufferPointer
    ) -> (count: Int, isLast: Bool)? {
        let count = min(memory.count, stream.pending.readableBytes)
        guard count > 0 || stream.end != nil else {
            stream.isDeferred = true
            return nil
        }
        if count > 0 {
            stream.pending.readWithUnsafeReadableBytes { bytes in
                memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
                return count
            }
        }
        let isAll = stream.pending.readableBytes == 0
        if isAll { stream.pending = ByteBuffer() }
        let end = isAll ? stream.end : nil
        if let end {
            check(nghttp2_submit_trailer(session, id, end.vector.baseAddress, end.vector.count))
        }
        if count > 0 { delegate.passed(count, of: id) }
        return (count, end != nil)
    }

    /// The end of an answer is sent.
    func sentEnd(of id: Int32) {
        // A reset before it would have dropped it.
        guard streams[id]?.isResetAtEnd == true else { return }
        if nghttp2_session_get_stream_remote_close(session, id) == 0 { reset(id, .noError) }
    }

    func reset(_ id: Int32, _ code: HTTP2Code) {
        check(nghttp2_submit_rst_stream(session, 0, id, code.rawValue))
    }

    // MARK: - The end

    /// Announces that streams will not be taken any more, and asks for an answer, after which the peer knows it.
    func announceEnd() {
        check(nghttp2_submit_shutdown_notice(session))
        check(nghttp2_submit_ping(session, 0, nil))
    }

    /// Takes no more streams, and tells the peer which were taken.
    func refuseStreams(_ reason: String) {
        submitGoAway(.noError, reason)
    }

    /// Tells the peer why the session is over. Nothing is sent after that, and nothing is read.
    func fail(_ code: HTTP2Code, _ reason: String) {
        guard !hasFailed, !isFinished else { return }
        hasFailed = true
        lastWords = reason.utf8.count
        submitGoAway(code, reason)
        check(nghttp2_session_terminate_session(session, code.rawValue))
    }

    private func submitGoAway(_ code: HTTP2Code, _ reason: String) {
        let last = nghttp2_session_get_last_proc_stream_id(session)
        let reason = Array(reason.utf8)
        check(nghttp2_submit_goaway(session, 0, last, code.rawValue, reason, reason.count))
    }

    /// - Parameter length: bytes of the reason.
    func sentGoAway(_ length: Int) {
        // One that was queued before has another reason. The one of `terminate`, which has none, is not needed any more.
        if hasFailed, length == lastWords { isFinished = true }
    }
}
