internal import FirnServer
internal import FirnWire
internal import NIOCore

/// One call: an HTTP/2 stream with its request and its answer. Belongs to one event loop.
final class GRPCCall {
    enum Phase {
        /// The request is not complete.
        case receiving
        /// The request is being answered, now or later.
        case answering
        /// The answer is complete, or the peer has given up the call.
        case ended
    }

    let stream: Int32
    let method: GRPCMethod
    unowned let connection: GRPCConnection
    let began: NIODeadline
    private(set) var phase = Phase.receiving
    /// Bytes of messages that HTTP/2's flow control, or the connection, has not let pass.
    var unsentBytes = 0
    /// The call's own peer, where it must wait.
    private var peer: PeerID?
    /// What a call does that sends several messages.
    var source: (any MessageSource)?
    /// Whether its source is continued later.
    var isToPump = false

    private let timeoutNanoseconds: Int64?
    private var deadlineTask: Scheduled<Void>?
    private var reader: MessageReader
    private var request: ByteBuffer?
    private var hasSentHead = false
    private var hasReceivedEnd = false
    private var isStoreCall = false

    init(_ stream: Int32, _ head: CallHead, on connection: GRPCConnection, maximumMessageLength: Int) {
        self.stream = stream
        self.method = head.method
        self.connection = connection
        timeoutNanoseconds = head.timeoutNanoseconds
        reader = MessageReader(maximumLength: maximumMessageLength)
        began = .now()
    }

    private var loop: GRPCLoop { connection.loop }

    // MARK: - The request

    func received(_ bytes: ByteBuffer) {
        attempt { () throws(Status) in
            reader.append(bytes)
            while phase != .ended, let message = try reader.next() { try receivedMessage(message) }
            reader.keepPart()
        }
    }

    func receivedEnd() {
        hasReceivedEnd = true
        attempt { () throws(Status) in try answerRequest() }
    }

    /// Ends the call if what it has received fails.
    private func attempt(_ body: () throws(Status) -> Void) {
        guard phase != .ended else { return }
        do {
            try body()
        } catch {
            if method.isCounted { loop.mint.refused(error) }
            fail(error)
        }
    }

    private func receivedMessage(_ message: ByteBuffer) throws(Status) {
        if method.isConversation {
            begin()
            return converse(message)
        }
        guard request == nil else {
            throw Status(.invalidArgument, "the call has more than one message; this method takes one")
        }
        request = message
    }

    private func answerRequest() throws(Status) {
        guard !reader.hasPart else {
            throw Status(.invalidArgument, "the call ended within a message; send it whole")
        }
        begin()
        if method.isConversation { return finish() }
        guard let request else {
            throw Status(.invalidArgument, "the call has no message; send one, which may be empty")
        }
        self.request = nil
        guard timeoutNanoseconds != 0 else { throw Self.deadlineExceeded }
        try answer(request)
    }

    private func begin() {
        guard phase == .receiving else { return }
        phase = .answering
        connection.callBegan()
    }

    // MARK: - The answer

    private func answer(_ request: ByteBuffer) throws(Status) {
        switch method {
        case .unary(.nextID) where request.readableBytes == 0:
            if let id = connection.nextID() { return answer(.nextID(id)) }
            submit(.nextID)
        case .unary(let method):
            submit(try loop.messages.decode(method, request.readableBytesSpan))
        case .streamIDs:
            let stream = try IDStream(request, of: self, maximumChunk: loop.maximumBatch)
            startDeadline()
            source = stream
            stream.pump()
        case .checkHealth, .listHealth, .watchHealth:
            try answerHealth(Array(request.readableBytesView))
        case .reflect:
            break
        }
    }

    private func submit(_ request: Request.Method) {
        guard let timeout = remainingMilliseconds else { return fail(Self.deadlineExceeded) }
        if request.asksTheStore {
            // All of them may be answered at once, and a list is long. The mint counts those of each call alone.
            guard connection.storeCallCount < GRPCLimits.maximumStoreCalls else { return fail(Self.tooManyStoreCalls) }
            connection.storeCallCount += 1
            isStoreCall = true
        }
        let outcome = submit(request, timeoutMilliseconds: timeout) { [weak self] outcome in
            guard let self else { return }
            answer(outcome)
            loop.needsFlush(connection)
        }
        if let outcome { answer(outcome) }
    }

    private func answer(_ outcome: Response.Outcome) {
        guard phase != .ended else { return }
        if case .error(let status) = outcome { return fail(status) }
        send(loop.message(of: outcome))
        finish()
    }

    /// Submits a request to the mint; the answer is returned, or delivered later.
    func submit(
        _ request: Request.Method,
        timeoutMilliseconds: UInt32,
        deliver: @escaping (Response.Outcome) -> Void
    ) -> Response.Outcome? {
        let peer = self.peer ?? connection.joinMint()
        self.peer = peer
        let outcome = loop.mint.submit(
            request,
            from: peer,
            timeoutMilliseconds: timeoutMilliseconds,
            deliver: deliver
        )
        if outcome == nil { loop.scheduleTurn() }
        return outcome
    }

    /// Sends one message, with its prefix. The first one sends the head before it.
    func send(_ message: ByteBuffer) {
        sendHead()
        connection.send(message, of: self)
    }

    func sendHead() {
        guard !hasSentHead else { return }
        hasSentHead = true
        connection.session.begin(Trailers.head, on: stream)
    }

    /// Ends the call well.
    func finish() {
        guard end() else { return }
        sendHead()
        connection.session.end(Trailers.ok, on: stream)
    }

    /// Ends the call with an error.
    func fail(_ status: Status) {
        guard end() else { return }
        // Nothing more of the request is wanted (RFC 9113, section 8.1).
        connection.session.end(
            Trailers.failure(status, isWhole: !hasSentHead),
            on: stream,
            resets: !hasReceivedEnd
        )
    }

    /// The peer has given up the call, or the connection is closed.
    func cancelled() {
        _ = end()
    }

    /// - Returns: false if it had ended before.
    private func end() -> Bool {
        guard phase != .ended else { return false }
        if phase == .receiving { connection.callBegan() }
        phase = .ended
        if isStoreCall { connection.storeCallCount -= 1 }
        if let peer { loop.mint.leave(peer) }
        peer = nil
        source?.callEnded()
        source = nil
        request = nil
        deadlineTask?.cancel()
        deadlineTask = nil
        return true
    }

    // MARK: - The deadline

    /// Milliseconds until the call's deadline, at least 1; 0: it has none. `nil` when it has passed.
    private var remainingMilliseconds: UInt32? {
        guard let timeoutNanoseconds else { return 0 }
        let left = timeoutNanoseconds - (NIODeadline.now() - began).nanoseconds
        return left > 0 ? UInt32(clamping: (left - 1) / 1_000_000 + 1) : nil
    }

    /// Sets a timer for the deadline. Calls that only wait for the mint need none: it has their deadline.
    func startDeadline() {
        guard let timeoutNanoseconds else { return }
        // A century is enough, and does not overflow.
        let timeout = TimeAmount.nanoseconds(min(timeoutNanoseconds, 3_000_000_000_000_000_000))
        deadlineTask = loop.eventLoop.assumeIsolated().scheduleTask(deadline: began + timeout) { [weak self] in
            guard let self else { return }
            fail(Self.deadlineExceeded)
            loop.needsFlush(connection)
            loop.flush()
        }
    }

    private static var tooManyStoreCalls: Status {
        Status(
            .resourceExhausted,
            "\(GRPCLimits.maximumStoreCalls) calls for leases and creations and lists of sequences of this connection wait for "
                + "the store already; wait for their answers"
        )
    }

    static var deadlineExceeded: Status {
        Status(.deadlineExceeded, "the call's grpc-timeout passed before it was answered; allow more time")
    }
}

/// What a call does that sends messages until it is ended.
protocol MessageSource: AnyObject {
    /// Sends more, as far as the peer reads.
    func pump()
    /// The call has ended. Nothing can be sent any more.
    func callEnded()
}

extension Request.Method {
    /// Whether only the store can answer it: a call for a lease, or a creation or a list of sequences.
    fileprivate var asksTheStore: Bool {
        switch self {
        case .createSequence, .listSequences, .lease, .store: true
        default: false
        }
    }
}
