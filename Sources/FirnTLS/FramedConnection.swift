#if TLS
    internal import FirnServer
    internal import FirnWire
    internal import NIOCore

    /// One connection of the framed protocol over TLS: its peer's session, its input, and the times for its limits.
    ///
    /// It does with a channel what a reactor's connection does with a socket; the session and the requests are the same.
    final class FramedConnection: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = Never
        typealias OutboundOut = ByteBuffer

        enum Phase {
            case open
            /// The sending side is shut down. What the peer still sends is discarded until it closes, so that the peer
            /// reads the last answers instead of a reset.
            case lingering
            case closed
        }

        /// Why a connection is closed when a timeout expires.
        enum TimeoutReason {
            case unread, slowFrame, idle, lingered
        }

        let peer: PeerID
        private(set) var phase = Phase.open
        /// Why the daemon closes it; `nil` when the daemon does not close it.
        private(set) var ending: ClosingReason?
        /// When the last byte came in.
        private(set) var lastReceived = NIODeadline.now()
        /// Whether the connection is in the loop's list of those with frames left over.
        private(set) var hasLeftover = false

        private unowned let loop: FramedLoop
        /// Where the peer shows its token; nil if none is asked for.
        private let gate: ConnectionGate?
        private var context: ChannelHandlerContext?
        /// Input that was not used yet: part of a frame, or frames that wait for their turn.
        private var unread = ByteBuffer()
        private var isPaused = false
        private var isReadWanted = false
        /// The peer has sent its last byte.
        private var sawEnd = false
        /// When the first byte of the frame that is still incomplete came; `nil` when there is none.
        private var frameBegan: NIODeadline?
        /// When the unsent answers last became fewer, while they are more than they may be; else `nil`.
        private var stuck: (since: NIODeadline, bytes: Int)?
        private var endBegan = NIODeadline.now()

        init(peer: PeerID, gate: ConnectionGate?, loop: FramedLoop) {
            self.peer = peer
            self.gate = gate
            self.loop = loop
        }

        private var host: SessionHost { loop.host }

        /// How many bytes of answers the peer may be given.
        var room: Int { context?.channel.isWritable == true ? loop.outputLimit : 0 }

        /// Whether nothing is left to answer or to send.
        var isQuiet: Bool { !hasLeftover && !host.isPending(peer) && context?.channel.isWritable != false }

        // MARK: - The channel's events

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            ended()
        }

        func channelInactive(context: ChannelHandlerContext) {
            ended()
            context.fireChannelInactive()
        }

        private func ended() {
            guard phase != .closed else { return }
            phase = .closed
            context = nil
            loop.closed(self)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { endOfInput(context) }
            context.fireUserInboundEventTriggered(event)
        }

        private func endOfInput(_ context: ChannelHandlerContext) {
            // TLS's handler may tell the end of the input after that of the connection.
            guard phase != .closed else { return }
            sawEnd = true
            frameBegan = nil
            // Requests from before the end are still answered: a peer may shut down its sending side and continue to read.
            if phase == .lingering || (isQuiet && !isPaused) { context.close(promise: nil) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            lastReceived = .now()
            guard phase == .open else { return }
            var bytes = unwrapInboundIn(data)
            if unread.readableBytes == 0 { unread = bytes } else { unread.writeBuffer(&bytes) }
            // Frames that wait for their turn are served before these.
            if !hasLeftover, !isPaused { serve() }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            if context.channel.isWritable {
                stuck = nil
                afterSending()
            } else {
                stuck = (.now(), unsentBytes)
                loop.scheduleTimeout(self)
            }
            context.fireChannelWritabilityChanged()
        }

        /// The connection is not read while frames wait, or the peer does not read its answers.
        func read(context: ChannelHandlerContext) {
            let waits = phase == .open && (isPaused || hasLeftover || !context.channel.isWritable)
            if waits { isReadWanted = true } else { context.read() }
        }

        // MARK: - Serving

        /// Serves the frames in the input, keeps the rest, and sends the answers.
        private func serve() {
            let before = unread.readableBytes
            let (used, demand) = unread.withUnsafeReadableBytes {
                host.received($0.bytes, from: peer, room: room, gate: gate)
            }
            unread.moveReaderIndex(forwardBy: used)
            // Without the memory of what was used.
            unread = unread.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: unread.readableBytesView)
            isPaused = demand == .pause
            switch demand {
            case .bytes:
                if used == before {
                    frameBegan = nil
                } else if used > 0 || frameBegan == nil {
                    frameBegan = .now()
                }
            case .anotherTurn:
                frameBegan = nil
                wantTurn()
            case .pause:
                frameBegan = nil
            case .close:
                return finish(because: .protocol)
            }
            sendOutput()
            host.sent()
            afterSending()
        }

        private func wantTurn() {
            hasLeftover = true
            loop.hasLeftovers(self)
        }

        /// The turn of frames that were left over.
        func serveLeftover() {
            guard hasLeftover else { return }
            hasLeftover = false
            if phase == .open { serve() }
        }

        /// Sends what waits in the host's output; or resumes after it.
        func answered() {
            sendOutput()
            afterSending()
        }

        private func sendOutput() {
            guard !host.output.isEmpty else { return }
            host.isSending()
            if let context {
                var bytes = context.channel.allocator.buffer(capacity: host.output.count)
                host.output.withUnsafeBytes { _ = bytes.writeBytes($0) }
                host.output.removeAll()
                context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            } else {
                host.output.removeAll()
            }
        }

        private func afterSending() {
            guard phase == .open, let context else { return }
            if context.channel.isWritable { resumeRequests() }
            if isPaused, context.channel.isWritable, host.takesRequests(peer) {
                isPaused = false
                wantTurn()
            }
            if sawEnd, isQuiet, !isPaused { return context.close(promise: nil) }
            if isReadWanted, !isPaused, !hasLeftover, context.channel.isWritable {
                isReadWanted = false
                context.read()
            }
            loop.scheduleTurn()
            loop.scheduleTimeout(self)
        }

        /// Resumes requests that waited for the peer to read.
        private func resumeRequests() {
            guard phase == .open, host.isParked(peer) else { return }
            host.hasRead(peer)
            loop.scheduleTurn()
        }

        // MARK: - Closing

        /// Sends the last answers, then closes; nothing more is read.
        func finish(because reason: ClosingReason) {
            guard phase == .open else { return }
            phase = .lingering
            ending = reason
            endBegan = .now()
            host.drop(peer)
            (isPaused, hasLeftover, frameBegan) = (false, false, nil)
            unread = ByteBuffer()
            sendOutput()
            guard let context else { return }
            if sawEnd { return context.close(promise: nil) }
            // Sent after what was written before.
            context.close(mode: .output, promise: nil)
            if isReadWanted {
                isReadWanted = false
                context.read()
            }
            loop.scheduleTimeout(self)
        }

        func close(because reason: ClosingReason?) {
            if ending == nil { ending = reason }
            context?.close(promise: nil)
        }

        /// Sends a notice that is no answer to a call.
        func tell(_ write: (FrameBuffer) -> Void) {
            guard phase == .open else { return }
            write(host.output)
            lastReceived = .now()
            sendOutput()
        }

        // MARK: - Timeouts

        private var unsentBytes: Int {
            (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        }

        func timeout(_ timeouts: FramedTimeouts) -> (at: NIODeadline, reason: TimeoutReason)? {
            switch phase {
            case .closed: return nil
            case .lingering:
                // An answer that the peer is still reading is given more time than a peer that has it.
                if let stuck { return (stuck.since + timeouts.send, .unread) }
                return (endBegan + FramedTimeouts.linger, .lingered)
            case .open: break
            }
            if let stuck { return (stuck.since + timeouts.send, .unread) }
            if let frameBegan { return (frameBegan + timeouts.frame, .slowFrame) }
            guard let idle = timeouts.idle, !host.isPending(peer) else { return nil }
            return (lastReceived + idle, .idle)
        }

        /// Whether the peer has read some of the unsent answers since the last look; then it is given time again.
        func hasProgressed() -> Bool {
            guard let stuck else { return false }
            let bytes = unsentBytes
            guard bytes < stuck.bytes else { return false }
            self.stuck = (.now(), bytes)
            return true
        }
    }

    /// The limits' durations in NIO's terms.
    struct FramedTimeouts: Sendable {
        let send: TimeAmount
        let frame: TimeAmount
        let idle: TimeAmount?
        let drain: TimeAmount

        /// A peer that wants to read the last answers does so within this time.
        static let linger = TimeAmount.seconds(1)

        init(_ limits: Limits) {
            send = TimeAmount(limits.sendTimeout)
            frame = TimeAmount(limits.frameTimeout)
            idle = limits.tcpIdleTimeout.map { TimeAmount($0) }
            drain = TimeAmount(limits.drainTimeout)
        }
    }
#endif
