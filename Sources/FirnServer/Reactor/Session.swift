internal import FirnEngine
internal import FirnLayout
internal import FirnWire

/// One peer's conversation in frames: bytes in, bytes out. What cannot be answered at once waits in the thread's
/// ``RequestScheduler``.
///
/// It knows frames and their limits and no sockets, so an epoll loop can host it, a TLS channel or a test.
struct Session {
    /// The peer's name at the scheduler.
    let peer: PeerID

    /// What the host is to do after it handed in bytes.
    enum Demand: Equatable {
        /// Nothing, until more bytes arrive.
        case bytes
        /// Hand the rest in again soon: this wake-up's share of frames was served.
        case anotherTurn
        /// Read no more until the session ``takesRequests(_:)`` again and its answers are sent.
        case pause
        /// Send what there is, then close: the peer broke the protocol.
        case close
    }

    /// Whether the session takes more requests; when not, some that wait have to be answered first.
    func takesRequests(_ requests: RequestScheduler<Shard>) -> Bool {
        requests.pendingCount(of: peer) < requests.service.limits.maximumWaitingCalls
    }

    /// Serves the frames in `bytes`.
    ///
    /// - Parameters:
    ///   - output: gets the answers that are there at once.
    ///   - outputLimit: the length of `output` at which no more frames are served.
    /// - Returns: how many bytes were used, and what the host is to do next. The host hands the rest in again.
    func received(
        _ bytes: RawSpan,
        decoder: RequestDecoder,
        requests: RequestScheduler<Shard>,
        output: FrameBuffer,
        outputLimit: Int
    ) -> (used: Int, demand: Demand) {
        let service = requests.service
        let maximumLength = service.limits.maximumRequestLength
        let maximumFrames = service.limits.maximumFramesPerWakeup
        let shard = requests.shard(of: peer)
        let tick = service.moment.tick
        let recorder = service.recorder
        // Only a request that is submitted changes these two here.
        var isFree = requests.isFree(peer)
        var takesRequests = takesRequests(requests)
        var used = 0
        var frames = 0
        while true {
            let rest = bytes.extracting(droppingFirst: used)
            switch Frame.read(rest, maximumLength: maximumLength) {
            case .partial:
                return (used, .bytes)
            case .invalid(let length):
                output.appendError(callID: 0, Self.badLength(length, maximum: maximumLength))
                return (used, .close)
            case .whole(let length):
                guard takesRequests, output.count < outputLimit else { return (used, .pause) }
                guard frames < maximumFrames else { return (used, .anotherTurn) }
                let message = rest.extracting(Frame.headerLength..<Frame.headerLength + length)
                if isFree, let call = SingleCall(message), case .minted(let id) = shard.nextID(now: tick) {
                    output.appendNextID(callID: call.callID, id: id)
                    recorder?.gaveSingle()
                } else {
                    do {
                        try submit(decoder.decode(message), to: requests, output)
                    } catch {
                        output.appendError(callID: 0, error)
                        return (used, .close)
                    }
                    isFree = requests.isFree(peer)
                    takesRequests = self.takesRequests(requests)
                }
                frames += 1
                used += Frame.headerLength + length
            }
        }
    }

    private func submit(_ request: Request, to requests: RequestScheduler<Shard>, _ output: FrameBuffer) {
        guard let outcome = requests.submit(request, from: peer) else { return }
        output.append(Response(callID: request.callID, outcome: outcome))
    }
}

extension Session {
    /// What a request is told whose `timeout_ms` has passed.
    static func deadlineExceeded(missingIDs: UInt32?, of layout: Layout) -> Status {
        guard let missingIDs else {
            return Status(
                .deadlineExceeded,
                "the call's timeout_ms passed while it waited for the store; allow more time"
            )
        }
        return Status(
            .deadlineExceeded,
            "the call's timeout_ms passed while it waited for \(missingIDs) more IDs of layout \(layout.name); "
                + "allow more time, or ask for fewer"
        )
    }

    private static func badLength(_ length: Int, maximum: Int) -> Status {
        length == 0
            ? Status(
                .invalidArgument,
                "a frame of length 0 holds no request; the length counts the message's bytes, without its own four"
            )
            : Status(
                .invalidArgument,
                "a frame of \(length) bytes is over the limit of \(maximum); check that the peer speaks Firn's framed protocol"
            )
    }
}
