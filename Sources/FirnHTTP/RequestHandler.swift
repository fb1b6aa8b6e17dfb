internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import NIOCore
internal import NIOHTTP1

/// Handles one connection's requests, one after the other. When a client sends several at once (pipelining), the later
/// ones wait here, and the connection is not read until they are answered. So at most what one read returned waits
/// here.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    private enum Parked {
        case part(HTTPServerRequestPart)
        case bad(HTTPAnswer)
    }

    private let connection: HTTPConnection
    private let loop: HTTPLoop
    private var peer: PeerID?
    private var context: ChannelHandlerContext?

    /// The request that is being received or answered.
    private var head: HTTPRequestHead?
    private var fields = RequestFields()
    private var bodyLength = 0
    /// The mint has the request and will answer later.
    private var isWaiting = false
    /// The part of an answer's body that is not written yet.
    private var rest: AnswerRest?
    private var isPumping = false

    private var parked: CircularBuffer<Parked> = []
    private var isReadWanted = false
    private var isFlushWanted = false
    /// The peer has shut down its sending side.
    private var sawEnd = false

    init(_ connection: HTTPConnection, loop: HTTPLoop) {
        self.connection = connection
        self.loop = loop
    }

    // MARK: - Connection events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = loop.mint?.join()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
    }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal = loop.objection(to: connection) { respond(refusal, closes: true) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    private func ended() {
        if let peer { loop.mint?.leave(peer) }
        (peer, rest, isWaiting) = (nil, nil, false)
        context = nil
        loop.closed(connection)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        guard connection.phase == .open else { return }
        connection.isBroken = true
        let answer: HTTPAnswer =
            error == .headerOverflow
            ? .refused(
                .requestHeaderFieldsTooLarge,
                "the request's line and header fields are more than \(HTTPLimits.maximumFields) or longer than "
                    + "\(HTTPLimits.maximumFieldLength) bytes each and \(HTTPLimits.maximumHeaderLength) in all; send fewer"
            ) : .refused(.badRequest, "this is not HTTP/1.1; frames of Firn's own protocol have another port")
        if connection.isAnswering { parked.append(.bad(answer)) } else { respond(answer, closes: true) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            sawEnd = true
            // Requests before the end are still answered: a peer may shut down its sending side and keep reading.
            if connection.phase == .lingering || (!connection.isAnswering && connection.phase == .open) {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: - Receiving requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.phase == .open else { return }
        let part = unwrapInboundIn(data)
        if case .end = part { connection.sawRequestEnd = true } else { connection.sawRequestEnd = false }
        if connection.isAnswering { parked.append(.part(part)) } else { receive(part) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        context.fireChannelReadComplete()
    }

    /// The connection is not read while parsed requests wait behind one that is being answered, or answers are unsent.
    func read(context: ChannelHandlerContext) {
        let waits = connection.phase == .open && (!parked.isEmpty || !context.channel.isWritable)
        if waits { isReadWanted = true } else { context.read() }
    }

    private func receive(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            self.head = head
            bodyLength = 0
            fields = RequestFields(head)
            if let objection = fields.objection(head) { return respond(objection, closes: true) }
            if fields.expects, head.version.minor > 0 { sendContinue() }
        case .body(let bytes):
            bodyLength += bytes.readableBytes
            if bodyLength > HTTPLimits.maximumBodyLength { respond(RequestFields.bodyTooLong, closes: true) }
        case .end:
            guard let head else { return }
            connection.requestBegan = nil
            connection.isAnswering = true
            answer(head)
        }
    }

    private func sendContinue() {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    // MARK: - Answering requests

    private func answer(_ head: HTTPRequestHead) {
        switch loop.route(head, fields, on: connection) {
        case .answer(let answer):
            respond(answer)
        case .freshID:
            guard let mint = loop.mint, let peer else { return }
            guard let id = mint.nextID(for: peer) else {
                return submit(.nextID) { outcome in
                    guard case .nextID(let id) = outcome else { return nil }
                    return Self.answer(id)
                }
            }
            respond(Self.answer(id))
        case .request(let method, let name, let format):
            submit(method) { outcome in
                switch outcome {
                case .nextID(let id): .ids(IDList(name, [Run(first: id, count: 1, stride: 1)], format: format))
                case .nextBatch(let runs), .nextTickets(let runs): .ids(IDList(name, runs, format: format))
                case .newPrefix(let prefix): .ok(.object([("prefix", .string(prefix))]))
                case .leased(let grant): .ok(grant.json)
                case .leaseExtended(let lease, let limit):
                    .ok(.object(lease.members(limitUnixMilliseconds: limit)))
                case .leaseReleased(let tick): .ok(.object([("freeFromTick", .string("\(tick)"))]))
                default: nil
                }
            }
        }
    }

    private static func answer(_ id: FirnID) -> HTTPAnswer {
        HTTPAnswer(status: .ok, body: .id(id))
    }

    /// Submits a request to the mint; answers now, or when the mint delivers.
    private func submit(_ method: Request.Method, _ answer: @escaping (Response.Outcome) -> HTTPAnswer?) {
        guard let mint = loop.mint, let peer else { return }
        func respond(_ outcome: Response.Outcome) {
            if case .error(let status) = outcome { return self.respond(.refused(status)) }
            self.respond(
                answer(outcome) ?? .refused(.internalServerError, "the mint gave something else than was asked for")
            )
        }
        let outcome = mint.submit(
            method,
            from: peer,
            timeoutMilliseconds: HTTPLimits.callTimeoutMilliseconds
        ) { [weak self] outcome in
            guard let self, self.isWaiting else { return }
            self.isWaiting = false
            self.connection.lastActivity = .now()
            respond(outcome)
            self.resume()
        }
        if let outcome { return respond(outcome) }
        isWaiting = true
        loop.scheduleTurn()
    }

    /// Sends an answer, or its first part; with `closes` it is the last one.
    private func respond(_ answer: HTTPAnswer, closes: Bool = false) {
        guard let context else { return }
        var answer = answer
        if connection.purpose == .ids { loop.policy.mark(&answer, fields) }
        if let tag = answer.entityTag, fields.knows(tag) { (answer.status, answer.body) = (.notModified, .none) }
        let isOld = head.map { $0.version.minor == 0 } ?? false
        let isLast = (sawEnd && parked.isEmpty) || loop.isDraining
        var manner = AnswerManner()
        manner.omitsBody = head?.method == .HEAD
        manner.mayChunk = !isOld
        if case .ids = answer.body { manner.mayCompress = fields.acceptsGzip }
        manner.closes = closes || isLast || fields.wantsAnotherProtocol || !(head?.isKeepAlive ?? false)
        manner.saysThatItStays = isOld
        connection.requestBegan = nil
        connection.isAnswering = true
        var buffer = context.channel.allocator.buffer(capacity: 256)
        let written = loop.writer.write(answer, to: &buffer, manner)
        rest = written.rest
        if written.closes { connection.phase = .finishing }
        context.write(wrapOutboundOut(buffer), promise: nil)
        isFlushWanted = true
        if rest == nil { finishAnswer() } else { pump() }
    }

    /// Writes as much of the answer's remaining body as the peer reads.
    private func pump() {
        guard !isPumping, let context else { return }
        isPumping = true
        defer { isPumping = false }
        while var piece = rest, context.channel.isWritable {
            var buffer = context.channel.allocator.buffer(capacity: IDList.pieceLength + 256)
            loop.writer.writePiece(of: &piece, to: &buffer)
            let isFinished = piece.list.isFinished
            rest = isFinished ? nil : piece
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            connection.lastActivity = .now()
            if isFinished { return finishAnswer() }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        connection.stuckSince = context.channel.isWritable ? nil : .now()
        if context.channel.isWritable {
            pump()
            resume()
        }
        context.fireChannelWritabilityChanged()
    }

    private func finishAnswer() {
        connection.isAnswering = false
        head = nil
        guard connection.phase == .finishing else { return connection.noteRest() }
        parked.removeAll()
        flush()
        linger()
    }

    /// Shuts down our side, and waits briefly for the peer to close.
    private func linger() {
        guard let context else { return }
        guard !sawEnd else {
            // Closes the channel once the last byte is written.
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
            return
        }
        connection.lingerBegan = .now()
        connection.phase = .lingering
        context.close(mode: .output, promise: nil)
        resumeReading()
    }

    /// Continues with what arrived while an answer was being sent.
    private func resume() {
        while !connection.isAnswering, connection.phase == .open, let next = parked.popFirst() {
            switch next {
            case .part(let part): receive(part)
            case .bad(let answer): respond(answer, closes: true)
            }
        }
        connection.noteRest()
        flush()
        if sawEnd, !connection.isAnswering, connection.phase == .open { return linger() }
        resumeReading()
    }

    private func resumeReading() {
        guard isReadWanted, let context else { return }
        isReadWanted = false
        read(context: context)
    }

    private func flush() {
        guard isFlushWanted, let context else { return }
        isFlushWanted = false
        context.flush()
    }

    // MARK: - Timeouts

    /// The request was not complete in time.
    func timedOut() {
        respond(.refused(.requestTimeout, "the request was not whole in time; send it at once"), closes: true)
        flush()
    }
}
