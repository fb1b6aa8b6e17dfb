internal import FirnClient
internal import FirnLayout
internal import FirnWire
internal import NIOCore

/// A connection of `firn bench` on its event loop: runs ``BenchCalls`` with a socket.
///
/// One goes through the connections that are made after it was lost too, one after the other.
final class BenchConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The number of the request that shows the token; calls never get there.
    private static let authenticationID = UInt64.max

    private let plan: BenchPlan
    private unowned let loop: BenchLoop
    private(set) var calls: BenchCalls
    private let output = FrameBuffer()
    private var reader = ResponseReader()
    private var context: ChannelHandlerContext?
    /// No more calls are made on this connection.
    private var isDraining = false
    /// Why there is no connection.
    private var absence: FirnClientError?

    init(plan: BenchPlan, calls: BenchCalls, loop: BenchLoop) {
        self.plan = plan
        self.calls = calls
        self.loop = loop
    }

    /// Makes the calls that are due.
    func pump() {
        let now = loop.now
        skip(at: now)
        guard let context, !isDraining, loop.hasBegun else { return }
        while let call = calls.next(at: now) {
            output.appendRequest(
                Request(callID: call.id, timeoutMilliseconds: call.timeoutMilliseconds, method: plan.method)
            )
        }
        write(context)
    }

    /// Looks for calls that are too late. Called many times per second.
    func timePassed(at now: Int64) {
        skip(at: now)
        if calls.isOverdue(at: now) { close() }
    }

    func connectingFailed(_ error: FirnClientError) {
        absence = error
        // Without a schedule no call was due, but a caller would have been told this.
        if !plan.hasRate { loop.tally.failed(error) }
    }

    func stop(at now: Int64) {
        calls.stop(at: now)
    }

    var isConnected: Bool { context != nil }

    /// Ends the connection, and the calls in flight with it.
    func close(_ error: FirnClientError = BenchConnection.lost) {
        guard let context else { return }
        lose(error)
        context.close(promise: nil)
    }

    private func skip(at now: Int64) {
        let skipped = calls.skip(at: now)
        loop.tally.failed(context == nil ? absence ?? Self.lost : Self.tooLate, count: skipped)
    }

    private func lose(_ error: FirnClientError) {
        let lost = calls.lost(at: loop.now)
        loop.tally.failed(Self.tooLate, count: lost.timedOut)
        loop.tally.failed(error, count: lost.others)
        (context, absence) = (nil, error)
    }

    private func write(_ context: ChannelHandlerContext) {
        guard !output.isEmpty else { return }
        let bytes = output.withUnsafeBytes { context.channel.allocator.buffer(bytes: $0) }
        output.removeAll()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    // MARK: - The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isDraining = false
        reader = ResponseReader()
        output.removeAll()
        if let token = plan.token {
            output.appendRequest(Request(callID: Self.authenticationID, method: .authenticate(BearerToken(token))))
            write(context)
        }
        pump()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.context != nil else { return }
        reader.append(unwrapInboundIn(data))
        let now = loop.now
        do throws(Status) {
            while self.context != nil, let response = try reader.next() { answered(response, at: now) }
        } catch {
            violated(error.message)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pump()
        if isDraining, calls.inFlight == 0 { close() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if self.context != nil { lose(Self.lost) }
        loop.lost(self)
    }

    private func answered(_ response: Response, at now: Int64) {
        switch (response.callID, response.outcome) {
        case (0, .goAway):
            isDraining = true
        case (0, .error(let status)):
            // It is about every call on the connection, or without any about the connection.
            if calls.inFlight == 0 { loop.tally.failed(FirnClientError(status)) }
            close(FirnClientError(status))
        case (Self.authenticationID, .authenticated): break
        case (Self.authenticationID, .error(let status)):
            // A daemon of a version without tokens asks for none.
            if status.code != .unimplemented { close(FirnClientError(status)) }
        case (let id, let outcome):
            guard let nanoseconds = calls.answered(id, at: now) else {
                return violated("it answered call \(id), which is not open")
            }
            switch outcome {
            case .nextID where plan.batch == 1:
                loop.tally.answered(ids: 1, after: nanoseconds, at: now)
            case .nextBatch(let runs):
                let count = runs.reduce(0) { $0 + UInt64($1.count) }
                guard count == UInt64(plan.batch) else {
                    return violated("it answered a batch of \(plan.batch) IDs with \(count)")
                }
                loop.tally.answered(ids: count, after: nanoseconds, at: now)
            case .error(let status):
                loop.tally.failed(FirnClientError(status))
            default:
                violated("it answered another call than was made")
            }
        }
    }

    private func violated(_ what: String) {
        let message = "This is no Firn daemon: \(what)."
        loop.tally.failed(FirnClientError(code: .protocolViolation, message: message))
        close()
    }

    private static let lost = FirnClientError(code: .connectionClosed, message: "The connection was lost.")
    private static let tooLate = FirnClientError(code: .timedOut, message: "No answer came within the timeout.")
}
