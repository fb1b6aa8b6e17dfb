internal import FirnEngine
internal import FirnLayout
package import FirnWire

/// One peer's session in frames: bytes in, bytes out. Requests that cannot be answered at once wait in the thread's
/// ``RequestScheduler``.
///
/// It handles frames and their limits, but no sockets, so it can run in an epoll loop, in a TLS channel or in a test.
struct Session {
    /// The peer's number in the scheduler.
    let peer: PeerID

    typealias Demand = SessionDemand

    /// Whether the session takes more requests. If not, some that wait must be answered first.
    func takesRequests(_ requests: RequestScheduler<Shard>) -> Bool {
        requests.pendingCount(of: peer) < requests.service.limits.maximumWaitingCalls
    }

    /// Serves the frames in `bytes`, where no token is asked for.
    func received(
        _ bytes: RawSpan,
        decoder: RequestDecoder,
        requests: RequestScheduler<Shard>,
        output: FrameBuffer,
        outputLimit: Int
    ) -> (used: Int, demand: Demand) {
        var gate = OpenGate()
        return received(
            bytes,
            decoder: decoder,
            requests: requests,
            output: output,
            outputLimit: outputLimit,
            gate: &gate
        )
    }

    /// Serves the frames in `bytes` that the gate admits.
    ///
    /// - Parameters:
    ///   - output: gets the answers that are available at once.
    ///   - outputLimit: the length of `output` at which no more frames are served.
    /// - Returns: how many bytes were used, and what the host must do next. The host passes the rest in again.
    func received(
        _ bytes: RawSpan,
        decoder: RequestDecoder,
        requests: RequestScheduler<Shard>,
        output: FrameBuffer,
        outputLimit: Int,
        gate: inout some RequestGate
    ) -> (used: Int, demand: Demand) {
        let service = requests.service
        let maximumLength = service.limits.maximumRequestLength
        let maximumFrames = service.limits.maximumFramesPerWakeup
        let shard = requests.shard(of: peer)
        let tick = service.moment.tick
        let recorder = service.recorder
        // Here these two change only when a request is submitted.
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
                if isFree, gate.admitsIDs, let call = SingleCall(message),
                    case .minted(let id) = shard.nextID(now: tick)
                {
                    output.appendNextID(callID: call.callID, id: id)
                    recorder?.gaveSingle()
                } else {
                    do {
                        let request = try decoder.decode(message)
                        switch gate.judge(request.method) {
                        case .pass: submit(request, to: requests, output)
                        case .answer(let outcome):
                            output.append(Response(callID: request.callID, outcome: outcome))
                        case .close(let status):
                            output.appendError(callID: request.callID, status)
                            return (used, .close)
                        }
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

/// What a ``Session``'s host must do after it has passed in bytes.
package enum SessionDemand: Equatable {
    /// Nothing, until more bytes arrive.
    case bytes
    /// Pass the rest in again soon: this wake-up's share of frames was served.
    case anotherTurn
    /// Read no more until the session takes requests again and its answers are sent.
    case pause
    /// Send the answers, then close: the peer violated the protocol.
    case close
}

/// What a ``Session``'s host tells a peer besides answers.
package enum SessionNotice {
    package static func slowFrame(_ limits: Limits) -> Status {
        Status(
            .deadlineExceeded,
            "a frame was not complete within \(limits.frameTimeout) of its first byte; send whole frames"
        )
    }

    package static let idle = "the connection was idle; connect again when there is something to ask"
    package static let stopping = "the daemon is stopping; connect to another one, or to this address again soon"
}

extension Session {
    /// The error of a request whose `timeout_ms` has passed.
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
