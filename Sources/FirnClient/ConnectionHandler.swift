internal import FirnWire
internal import Logging
internal import NIOCore
internal import NIOPosix

/// Gives a connection's state machine a socket and a timer. Everything here runs on the connection's event loop.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var stateMachine: ConnectionStateMachine
    // Both hold this handler, or hold those who do.
    private weak let connection: Connection?
    private weak let core: ClientCore?
    private let eventLoop: any EventLoop
    private var logger: Logger

    private var context: ChannelHandlerContext?
    private var reader = ResponseReader()
    private let output = FrameBuffer()
    private var timer: (expiry: ContinuousClock.Instant, task: Scheduled<Void>)?
    /// Whether the bootstrap still owes word of the connection.
    private var isConnecting = false
    private var hasEnded = false

    init(
        stateMachine: ConnectionStateMachine,
        connection: Connection,
        core: ClientCore?,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.stateMachine = stateMachine
        self.connection = connection
        self.core = core
        self.eventLoop = eventLoop
        self.logger = logger
        self.logger[metadataKey: "firn_address"] = "\(stateMachine.address)"
    }

    /// Carries out what callers want, and sends all that comes of it at once.
    func carryOut(_ orders: [Connection.Order]) {
        let now = ContinuousClock.now
        for order in orders {
            switch order {
            case .connect:
                connect()
            case .submitted(let call, let isRetry):
                // A cancellation may have been faster than the call itself.
                guard call.outcome == nil else { continue }
                perform(stateMachine.callSubmitted(call, isRetry: isRetry, at: now))
            case .cancelled(let callID):
                perform(stateMachine.callCancelled(callID, at: now))
            case .shutDown:
                perform(stateMachine.shutDown())
            }
        }
        settle()
    }

    // MARK: - Connecting

    private func connect() {
        guard stateMachine.state == .notStarted else { return }
        stateMachine.connectingBegan()
        isConnecting = true
        let address = stateMachine.address
        let timeout = stateMachine.configuration.timeout
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            // Not a byte is read before this handler is there to take it.
            .channelOption(.autoRead, value: false)
            .connect(to: address)
            .hop(to: eventLoop)
            .whenComplete { result in
                handler.value.isConnecting = false
                switch result {
                case .success(let channel): handler.value.connected(channel)
                case .failure(let error):
                    handler.value.connectingFailed(FirnClientError(connectingTo: address, within: timeout, error))
                }
            }
    }

    private func connected(_ channel: any Channel) {
        do {
            try channel.pipeline.syncOperations.addHandler(self)
            perform(stateMachine.connected(at: .now))
            settle()
            try channel.syncOptions?.setOption(.autoRead, value: true)
            logger.debug("connected")
        } catch {
            // The channel has closed meanwhile, as channelInactive may have said.
            channel.close(promise: nil)
            let timeout = stateMachine.configuration.timeout
            let address = stateMachine.address
            perform(
                stateMachine.connectingFailed(FirnClientError(connectingTo: address, within: timeout, error))
            )
            perform(stateMachine.connectionLost(cause: error))
            settle()
            end()
        }
    }

    private func connectingFailed(_ error: FirnClientError) {
        logger.debug("cannot connect", metadata: ["error": "\(error)"])
        perform(stateMachine.connectingFailed(error))
        settle()
        end()
    }

    // MARK: - The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(unwrapInboundIn(data))
        let now = ContinuousClock.now
        do throws(Status) {
            while stateMachine.state != .closed, let response = try reader.next() {
                if case .goAway(let reason) = response.outcome {
                    logger.debug("the daemon closes the connection soon", metadata: ["reason": "\(reason)"])
                }
                perform(stateMachine.responseReceived(response, at: now))
            }
        } catch {
            perform(stateMachine.garbageReceived(error))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        settle()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        perform(stateMachine.connectionLost(cause: error))
        context.close(promise: nil)
        settle()
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(stateMachine.connectionLost(cause: nil))
        settle()
        end()
        logger.debug("the connection has ended")
    }

    // MARK: - Actions

    private func perform(_ actions: [ConnectionAction]) {
        for action in actions {
            switch action {
            case .send(let request):
                output.appendRequest(request)
            case .finish(let call, let outcome):
                call.finish(outcome)
            case .handBack(let call, let isRetry):
                if let core { core.submit(call, isRetry: isRetry) } else { call.finish(.failure(.shutDown)) }
            case .retire:
                if let connection { core?.retired(connection) }
            case .close:
                close()
            }
        }
    }

    private func close() {
        if let context {
            // What was written before is sent as far as the socket takes it.
            writeOutput()
            context.close(promise: nil)
        } else if stateMachine.state == .closed, !isConnecting {
            end()
        }
    }

    /// Writes what has gathered, and sets the timer anew. To be called at the end of every event.
    private func settle() {
        writeOutput()
        guard let expiry = stateMachine.nextExpiry else {
            timer?.task.cancel()
            timer = nil
            return
        }
        if let timer, timer.expiry <= expiry { return }
        timer?.task.cancel()
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        let delay = max(.zero, expiry - ContinuousClock.now)
        timer = (expiry, eventLoop.scheduleTask(in: TimeAmount(delay)) { handler.value.timerFired() })
    }

    private func timerFired() {
        timer = nil
        perform(stateMachine.timePassed(at: .now))
        settle()
    }

    private func writeOutput() {
        guard let context, !output.isEmpty else { return }
        let bytes = output.withUnsafeBytes { context.channel.allocator.buffer(bytes: $0) }
        output.removeAll()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Lets go of everything; once.
    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        timer?.task.cancel()
        timer = nil
        if let connection { core?.ended(connection) }
    }
}
