internal import FirnWire
internal import Logging
internal import NIOCore
internal import NIOPosix

/// Runs a connection's state machine with a socket and a timer. Everything here runs on the connection's event loop.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var stateMachine: ConnectionStateMachine
    // Weak, because both refer to this handler, directly or not.
    private weak let connection: Connection?
    private weak let pool: ConnectionPool?
    private let eventLoop: any EventLoop
    private var logger: Logger

    private var context: ChannelHandlerContext?
    private var reader = ResponseReader()
    private let output = FrameBuffer()
    private var alarm = Alarm()
    private var wasAnswered = false
    /// Whether the bootstrap's result is still to come.
    private var isConnecting = false
    private var hasEnded = false

    init(
        stateMachine: ConnectionStateMachine,
        connection: Connection,
        pool: ConnectionPool?,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.stateMachine = stateMachine
        self.connection = connection
        self.pool = pool
        self.eventLoop = eventLoop
        self.logger = logger
        self.logger[metadataKey: "firn_address"] = "\(stateMachine.address)"
    }

    /// Carries out orders, and sends all resulting requests at once.
    func carryOut(_ orders: [Connection.Order]) {
        let now = ContinuousClock.now
        for order in orders {
            switch order {
            case .connect(let timeout):
                connect(within: timeout)
            case .submitted(let submission) where submission.call.outcome != nil:
                // The call was cancelled before it came here.
                stateMachine.callWithdrawn()
            case .submitted(let submission):
                perform(stateMachine.callSubmitted(submission, at: now))
            case .cancelled(let callID):
                perform(stateMachine.callCancelled(callID, at: now))
            case .drain:
                perform(stateMachine.drainRequested())
            case .shutDown:
                perform(stateMachine.shutDown())
            }
        }
        settle()
    }

    // MARK: - Connecting

    private func connect(within timeout: Duration) {
        guard stateMachine.state == .notStarted else { return }
        stateMachine.connectingBegan()
        isConnecting = true
        let address = stateMachine.address
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        let tls = stateMachine.configuration.tls
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            // Nothing is read before this handler is in the pipeline.
            .channelOption(.autoRead, value: false)
            .connect(to: address)
            .flatMap { channel in channel.secured(as: address, tls, by: deadline) }
            .hop(to: eventLoop)
            .whenComplete { result in
                handler.value.isConnecting = false
                switch result {
                case .success(let channel):
                    handler.value.connected(channel, within: timeout)
                case .failure(let error):
                    handler.value.connectingFailed(FirnClientError(connectingTo: address, within: timeout, error))
                }
            }
    }

    private func connected(_ channel: any Channel, within timeout: Duration) {
        do {
            try channel.pipeline.syncOperations.addHandler(self)
            perform(stateMachine.connected(at: .now))
            if stateMachine.state == .open, let connection { pool?.connected(connection) }
            settle()
            try channel.syncOptions?.setOption(.autoRead, value: true)
            logger.debug("connected")
        } catch {
            // The channel was closed meanwhile; channelInactive may have been called.
            channel.close(promise: nil)
            perform(stateMachine.connectionLost())
            connectingFailed(FirnClientError(connectingTo: stateMachine.address, within: timeout, error))
        }
    }

    private func connectingFailed(_ error: FirnClientError) {
        logger.debug("cannot connect", metadata: ["error": "\(error)"])
        pool?.observer.connectingFailed()
        stateMachine.connectingFailed()
        settle()
        if let connection, !hasEnded { pool?.connectingFailed(connection, error) }
        end()
    }

    // MARK: - The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        pool?.observer.connected()
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
        logger.debug("the connection broke", metadata: ["error": "\(error)"])
        perform(stateMachine.connectionLost())
        context.close(promise: nil)
        settle()
    }

    func channelInactive(context: ChannelHandlerContext) {
        pool?.observer.disconnected()
        perform(stateMachine.connectionLost())
        settle()
        end()
        logger.debug("the connection has ended")
    }

    // MARK: - Actions

    private func perform(_ actions: [ConnectionAction]) {
        var handedBack: [(submission: Submission, wasSent: Bool)] = []
        for action in actions {
            switch action {
            case .send(let request):
                output.appendRequest(request)
            case .finish(let call, let outcome):
                call.finish(outcome)
            case .refused(let submission, let error):
                if let pool, let connection {
                    pool.refused(submission, error, by: connection)
                } else {
                    submission.call.finish(.failure(error))
                }
            case .handBack(let submission, let wasSent):
                handedBack.append((submission, wasSent))
            case .retire:
                if let connection { pool?.retired(connection) }
            case .close:
                close()
            }
        }
        guard !handedBack.isEmpty else { return }
        if let pool, let connection {
            pool.handedBack(handedBack, by: connection)
        } else {
            for (submission, _) in handedBack { submission.call.finish(.failure(.shutDown)) }
        }
    }

    private func close() {
        if let context {
            // What was written before is sent as far as the socket accepts it.
            writeOutput()
            context.close(promise: nil)
        } else if stateMachine.state == .closed, !isConnecting {
            end()
        }
    }

    /// Writes the requests that have gathered, reports freed places to the pool and sets the timer. Called at the end of
    /// every event.
    private func settle() {
        writeOutput()
        let freed = stateMachine.takeFreedPlaces()
        if freed > 0 || stateMachine.hasAnswered != wasAnswered, let connection {
            wasAnswered = stateMachine.hasAnswered
            pool?.placesFreed(freed, hasAnswered: wasAnswered, by: connection)
        }
        guard !hasEnded, !alarm.isSet(for: stateMachine.nextExpiry) else { return }
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        alarm.set(for: stateMachine.nextExpiry, on: eventLoop) { handler.value.timerFired() }
    }

    private func timerFired() {
        alarm.rang()
        perform(stateMachine.timePassed(at: .now))
        settle()
    }

    private func writeOutput() {
        guard let context, !output.isEmpty else { return }
        let bytes = output.withUnsafeBytes { context.channel.allocator.buffer(bytes: $0) }
        output.removeAll()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Releases everything, once.
    private func end() {
        guard !hasEnded else { return }
        hasEnded = true
        alarm.cancel()
        if let connection { pool?.ended(connection) }
    }
}
