internal import FirnClient
internal import NIOCore

/// Reads the metrics of one daemon at an address of its `--admin`.
struct MetricsReader: Sendable {
    let address: FirnAddress
    let configuration: FirnClientConfiguration
    let eventLoop: any EventLoop
    /// Where a daemon of the reader's own host listens, if there is one; nil when the address is of another host.
    let neighbour: FirnAddress?

    /// Why there are no metrics, as a part of a sentence.
    struct Failure: Error {
        let reason: String
        /// Whether the daemon answered, and refused.
        var isRefusal = false
    }

    /// - Throws: ``Failure``, at the latest after the timeout.
    func read() async throws(Failure) -> DaemonCounters {
        let answer: HTTPAnswer
        do {
            answer = try HTTPAnswer(try await exchange().get())
        } catch let error as FirnClientError {
            throw Failure(reason: error.foundNoListener ? await absence() : error.message)
        } catch let error as HTTPAnswer.Malformed {
            throw Failure(reason: error.message)
        } catch {
            throw Failure(reason: "the connection broke (\(error))")
        }
        switch answer.status {
        case 200: break
        case 401: throw Failure(reason: "it asks for a token: give --token-file", isRefusal: true)
        case 403: throw Failure(reason: "the token does not allow it: give one with the scope admin", isRefusal: true)
        default:
            throw Failure(reason: "it answered HTTP \(answer.status): give an address of its --admin", isRefusal: true)
        }
        guard let counters = DaemonCounters(MetricSample.samples(in: answer.body)) else {
            throw Failure(reason: "its metrics are not those of firnd", isRefusal: true)
        }
        return counters
    }

    /// Why nothing listens at the address. A daemon without `--admin` gives out IDs all the same.
    private func absence() async -> String {
        let text = TopCommand.text(address)
        guard let neighbour, await listens(at: neighbour) else {
            return "nothing listens there: no firnd runs, or it was started without --admin \(text)"
        }
        return "firnd runs (it listens at \(neighbour)), without this admin page: start it with --admin \(text)"
    }

    private func listens(at address: FirnAddress) async -> Bool {
        let connecting = BareChannel.connect(
            to: address,
            on: eventLoop,
            tls: configuration.tls,
            within: configuration.timeout,
            makeHandler: { DeafHandler() }
        )
        guard let channel = try? await connecting.get() else { return false }
        channel.close(promise: nil)
        return true
    }

    private func exchange() -> EventLoopFuture<[UInt8]> {
        let text = "\(address)"
        let isUnix = text.hasPrefix("unix:")
        let request = HTTPAnswer.request(
            path: "/metrics",
            host: isUnix ? "localhost" : String(text.dropFirst("tcp:".count)),
            // Unix sockets ask for none.
            token: isUnix ? nil : configuration.token
        )
        let promise = eventLoop.makePromise(of: [UInt8].self)
        let timeout = configuration.timeout
        let late = FirnClientError(code: .timedOut, message: "no answer came within \(timeout)")
        let timer = eventLoop.scheduleTask(in: .nanoseconds(timeout.wholeNanoseconds)) { promise.fail(late) }
        BareChannel.connect(to: address, on: eventLoop, tls: configuration.tls, within: timeout) {
            ExchangeHandler(request: request, answer: promise)
        }.whenComplete { result in
            switch result {
            case .success(let channel): promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            case .failure(let error): promise.fail(error)
            }
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }
}

/// For a connection on which nothing is asked.
private final class DeafHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
}

/// Sends a request, and collects what comes until the connection closes.
private final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: String
    private let answer: EventLoopPromise<[UInt8]>
    private var received = ByteBuffer()

    init(request: String, answer: EventLoopPromise<[UInt8]>) {
        self.request = request
        self.answer = answer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        guard received.readableBytes > HTTPAnswer.maximumLength else { return }
        answer.fail(HTTPAnswer.Malformed(message: "its answer has more than \(HTTPAnswer.maximumLength) bytes"))
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // With TLS a peer may end without saying so; what has come is then judged by its length.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(Array(received.readableBytesView))
    }
}
