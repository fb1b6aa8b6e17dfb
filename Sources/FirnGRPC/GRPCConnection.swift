internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import NIOCore

/// One connection and its calls. Belongs to one event loop.
///
/// ``HTTP2Session`` has its frames. There is no channel for each stream: calls are objects in a table.
final class GRPCConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// The peer was told to begin no more calls.
        case draining
        /// Our side is shut down; what the peer still sends is discarded until it closes.
        case lingering
    }

    let channel: any Channel
    let loop: GRPCLoop
    let isUnix: Bool
    /// The connection's index in its loop.
    let slot: Int
    var phase = Phase.open { didSet { loop.scheduleTimeout(self) } }
    /// Whether the limiter counts it.
    var isCounted = false
    /// Whether the peer's preface has arrived.
    private(set) var hasSpoken = false
    /// When the last frame arrived, the last call ended, or the connection was accepted.
    private(set) var lastActivity = NIODeadline.now()
    /// When the peer stopped reading; `nil` while it reads.
    private(set) var stuckSince: NIODeadline?
    var drainBegan = NIODeadline.uptimeNanoseconds(0)
    /// Whether the peer was told which calls are the last ones.
    var hasAnnouncedEnd = false
    var lingerBegan = NIODeadline.uptimeNanoseconds(0)
    /// When the loop checks the timeouts next.
    var timeoutCheck = NIODeadline.distantFuture
    /// Since when a request has not been complete, or an earlier time; `nil` when all are.
    private(set) var receivingSince: NIODeadline?

    var context: ChannelHandlerContext?
    /// What single IDs come from at once, and what joins the mint for calls that wait.
    private var peer: PeerID?
    /// The calls whose streams are not closed.
    private(set) var calls: [Int32: GRPCCall] = [:]
    private var receivingCount = 0
    /// Calls that wait for an answer that only the store can give.
    var storeCallCount = 0
    /// Bytes of messages that HTTP/2's flow control, or the socket, has not let pass.
    var unsentBytes = 0 {
        // Calls may have paused that have nothing unsent themselves.
        didSet { if isFull(oldValue), !isFull { pumpAllLater() } }
    }
    var toPump: [GRPCCall] = []
    var isPumpScheduled = false
    private var isReadWanted = false
    private(set) lazy var session = HTTP2Session(
        self,
        HTTP2Session.Limits(
            streams: loop.limits.maximumStreams,
            headerLength: GRPCLimits.maximumHeaderLength,
            continuations: GRPCLimits.maximumContinuations,
            resets: loop.limits.maximumResets,
            resetWindow: .seconds(GRPCLimits.resetWindowSeconds),
            controlFramesPerSecond: GRPCLimits.maximumControlFramesPerSecond,
            settingsPerSecond: GRPCLimits.maximumSettingsPerSecond,
            // Past the limit of what is not sent there are at most as many.
            queuedBytes: min(GRPCLimits.maximumCollectedBytes, loop.limits.maximumUnsentBytes / 8)
        )
    )

    init(_ channel: any Channel, isUnix: Bool, loop: GRPCLoop, slot: Int) {
        self.channel = channel
        self.isUnix = isUnix
        self.loop = loop
        self.slot = slot
    }

    var isIdle: Bool { calls.isEmpty && phase == .open }

    // MARK: - Connection events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peer = loop.mint.join()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
    }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal = loop.objection(to: self) { close(.enhanceYourCalm, refusal) }
        // SETTINGS.
        flush()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    private func ended() {
        for call in calls.values { call.cancelled() }
        loop.callCount -= calls.count
        calls = [:]
        toPump = []
        if let peer { loop.mint.leave(peer) }
        peer = nil
        context = nil
        loop.closed(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func closed(_ stream: Int32) {
        guard let call = calls.removeValue(forKey: stream) else { return }
        loop.callCount -= 1
        unsentBytes -= call.unsentBytes
        call.unsentBytes = 0
        call.cancelled()
        guard calls.isEmpty else { return }
        lastActivity = .now()
        loop.becameIdle(self)
    }

    func receivedSettings() {
        hasSpoken = true
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .lingering else { return }
        lastActivity = .now()
        session.receive(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        endTurn()
        if receivingCount > 0 { loop.scheduleTimeout(self) }
        context.fireChannelReadComplete()
    }

    /// The connection is not read while its answers fill the socket.
    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable || phase == .lingering { context.read() } else { isReadWanted = true }
    }

    func begin(_ stream: Int32, _ fields: RequestFields, isLast: Bool) {
        guard context != nil, phase != .lingering else { return }
        do throws(CallHead.Refusal) {
            let head = try CallHead(fields)
            // Nothing is decoded or minted yet.
            if let refusal = loop.refusal(of: head, on: self) { throw .token(refusal) }
            guard !isFull else { throw .status(Self.tooMuchUnread(unsentBytes)) }
            let call = GRPCCall(stream, head, on: self, maximumMessageLength: loop.limits.maximumMessageLength)
            calls[stream] = call
            loop.callCount += 1
            receivingCount += 1
            if receivingSince == nil { receivingSince = call.began }
            if isLast { call.receivedEnd() }
        } catch {
            switch error {
            case .http(let status): session.end(Trailers.http(status), on: stream, resets: !isLast)
            case .status(let status), .token(let status):
                if case .status = error { loop.mint.refused(status) }
                session.end(Trailers.failure(status, isWhole: true), on: stream, resets: !isLast)
            }
        }
    }

    /// A call's request is complete, or not waited for any more.
    func callBegan() {
        receivingCount -= 1
        if receivingCount == 0 { receivingSince = nil }
    }

    /// Fails the calls whose request should have been complete.
    func failSlowCalls(begunBefore limit: NIODeadline) {
        let receiving = calls.values.filter { $0.phase == .receiving }
        for call in receiving where call.began <= limit {
            call.fail(
                Status(
                    .deadlineExceeded,
                    "the call's message was not complete in time; send it with the call's headers"
                )
            )
        }
        receivingSince = receiving.filter { $0.phase == .receiving }.map(\.began).min()
        endTurn()
    }

    private static func tooMuchUnread(_ bytes: Int) -> Status {
        Status(
            .resourceExhausted,
            "the connection has \(bytes) bytes of answers that its client has not read; read them before the next call"
        )
    }

    // MARK: - IDs

    /// One ID, when it is available at once.
    func nextID() -> FirnID? { peer.flatMap { loop.mint.nextID(for: $0) } }

    /// A peer for a call that may have to wait.
    func joinMint() -> PeerID { peer.map { loop.mint.join(with: $0) } ?? loop.mint.join() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stuckSince = context.channel.isWritable ? nil : .now()
        if context.channel.isWritable {
            session.goOn()
            endTurn()
            pumpAllLater()
            // What was held back may have filled the socket again.
            if isReadWanted, context.channel.isWritable || phase == .lingering {
                isReadWanted = false
                context.read()
            }
        } else {
            loop.scheduleTimeout(self)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: - Closing

    /// Tells the peer why, and closes.
    func close(_ code: HTTP2Code, _ reason: String) {
        guard phase != .lingering else { return }
        session.fail(code, reason)
        linger()
    }

    /// Shuts down our side, and waits briefly for the peer to close.
    func linger() {
        guard let context, phase != .lingering else { return }
        flush()
        for call in calls.values { call.cancelled() }
        lingerBegan = .now()
        phase = .lingering
        context.close(mode: .output, promise: nil)
        if isReadWanted {
            isReadWanted = false
            context.read()
        }
    }
}
