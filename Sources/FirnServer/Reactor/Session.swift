internal import DequeModule
package import FirnEngine
internal import FirnLayout
package import FirnWire

/// One peer's conversation: bytes in, bytes out, and word of what it waits for. It knows frames, calls and limits; it
/// knows no sockets, so an epoll loop can host it, a TLS channel or a test.
///
/// Calls for IDs are answered in the order they came in, so that the IDs on a connection rise (promise 4). A call that
/// cannot be served in this tick waits, and those after it with it; the host gives it turns in later ticks.
package final class Session {
    /// A call for IDs that waits for a tick.
    private struct WaitingCall {
        var callID: UInt64
        /// When it was read; boot nanoseconds.
        var began: Int64
        /// In boot nanoseconds; `.max`: never given up.
        var deadline: Int64
        /// IDs still to come.
        var remaining: UInt32
        var isBatch: Bool

        var method: CallMethod { isBatch ? .nextBatch : .nextID }
    }

    /// What the host is to do after it handed in bytes.
    package enum Demand: Equatable {
        /// Nothing, until more bytes arrive.
        case bytes
        /// Hand the rest in again soon: this wake-up's share of frames was served.
        case anotherTurn
        /// Read no more until the session ``wantsInput``.
        case pause
        /// Send what there is, then close: the peer broke the protocol.
        case close
    }

    /// What came of a turn.
    package enum Turn: Equatable {
        /// No call waits any more.
        case done
        /// The turn's share was used; calls still wait.
        case shareUsed
        /// Calls wait for this tick.
        case waits(untilTick: UInt64)
        /// Calls wait, but the peer has to take its answers first.
        case outputFull
    }

    private let limits: Limits
    private var waiting = Deque<WaitingCall>()
    /// The IDs that the first waiting call, a batch, was given in ticks that are over.
    private var gathered = GatheredRuns()

    /// The calls that wait for the store.
    private var storeCalls = StoreCalls()

    /// The earliest deadline of a call that waits for a tick, or earlier; `.max` when there is none. Boot nanoseconds.
    private var earliestTickDeadline = Int64.max

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Whether calls wait for a tick.
    package var hasWaitingCalls: Bool { !waiting.isEmpty }

    /// Whether calls wait for the store.
    package var hasStoreCalls: Bool { !storeCalls.isEmpty }

    /// The earliest deadline of an open call, or earlier; `.max` when there is none. Boot nanoseconds.
    package var earliestDeadline: Int64 { min(earliestTickDeadline, storeCalls.earliestDeadline) }

    /// Whether the session takes more frames; when not, waiting calls have to be answered first.
    package var wantsInput: Bool { waiting.count + storeCalls.count < limits.maximumWaitingCalls }

    /// Serves the frames in `bytes`.
    ///
    /// - Parameters:
    ///   - output: gets the answers.
    ///   - outputLimit: the length of `output` at which no more frames are served.
    /// - Returns: how many bytes were used, and what the host is to do next. The host hands the rest in again.
    package func received(
        _ bytes: RawSpan,
        decoder: RequestDecoder,
        service: IDService,
        shard: Shard,
        output: FrameBuffer,
        outputLimit: Int
    ) -> (used: Int, demand: Demand) {
        var used = 0
        var frames = 0
        while true {
            let rest = bytes.extracting(droppingFirst: used)
            switch Frame.read(rest, maximumLength: limits.maximumRequestLength) {
            case .partial:
                return (used, .bytes)
            case .invalid(let length):
                output.appendError(callID: 0, Self.badLength(length, maximum: limits.maximumRequestLength))
                return (used, .close)
            case .whole(let length):
                guard wantsInput, output.count < outputLimit else { return (used, .pause) }
                guard frames < limits.maximumFramesPerWakeup else { return (used, .anotherTurn) }
                do {
                    let message = rest.extracting(Frame.headerLength..<Frame.headerLength + length)
                    let request = try decoder.decode(message)
                    handle(request, service: service, shard: shard, output: output)
                } catch {
                    output.appendError(callID: 0, error)
                    return (used, .close)
                }
                frames += 1
                used += Frame.headerLength + length
            }
        }
    }

    /// Serves waiting calls with at most `share` IDs.
    package func takeTurn(
        share: UInt64,
        service: IDService,
        shard: Shard,
        output: FrameBuffer,
        outputLimit: Int
    ) -> Turn {
        var share = share
        while let call = waiting.first {
            guard output.count < outputLimit else { return .outputFull }
            guard share > 0 else { return .shareUsed }
            let served =
                call.isBatch
                ? serveBatch(call, share: &share, service: service, shard: shard, output: output)
                : serveSingle(call, share: &share, service: service, shard: shard, output: output)
            if let tick = served { return .waits(untilTick: tick) }
        }
        return .done
    }

    /// Gives up the calls whose deadline has passed. Their IDs, if they had some, become gaps.
    package func expireCalls(service: IDService, output: FrameBuffer) {
        let now = service.moment.bootNanoseconds
        storeCalls.expire(service: service, output: output)
        guard earliestTickDeadline <= now, let first = waiting.first else { return }
        if first.deadline <= now { gathered.removeAll() }
        var earliest = Int64.max
        waiting.removeAll { call in
            guard call.deadline <= now else {
                earliest = min(earliest, call.deadline)
                return false
            }
            output.appendError(
                callID: call.callID,
                Status(
                    .deadlineExceeded,
                    "the call's timeout_ms passed while it waited for \(call.remaining) more IDs of layout \(service.layout.name); "
                        + "allow more time, or ask for fewer"
                )
            )
            service.ended(call.method, .deadlineExceeded, began: call.began)
            return true
        }
        earliestTickDeadline = earliest
    }

    /// Serves the calls for which the store has answered.
    package func storeAnswered(service: IDService, output: FrameBuffer) {
        storeCalls.retry(service: service, output: output)
    }

    /// Fails every waiting call, as when the daemon stops and cannot serve them any more.
    package func failCalls(_ status: Status, service: IDService, output: FrameBuffer) {
        storeCalls.fail(status, service: service, output: output)
        for call in waiting {
            output.appendError(callID: call.callID, status)
            service.ended(call.method, CallCode(status.code), began: call.began)
        }
        waiting.removeAll()
        gathered.removeAll()
        earliestTickDeadline = .max
    }

    // MARK: - One call

    @inline(__always)
    private func handle(_ request: Request, service: IDService, shard: Shard, output: FrameBuffer) {
        switch request.method {
        case .nextID:
            if waiting.isEmpty, case .minted(let id) = shard.nextID(now: service.moment.tick) {
                output.appendNextID(callID: request.callID, id: id)
                service.recorder?.gaveSingle()
            } else {
                begin(request, count: 1, isBatch: false, service: service, shard: shard, output: output)
            }
        case .nextBatch(let count):
            if let objection = service.objection(toCount: count) {
                output.appendError(callID: request.callID, objection)
                service.ended(.nextBatch, CallCode(objection.code))
            } else {
                begin(request, count: count, isBatch: true, service: service, shard: shard, output: output)
            }
        case .describe:
            output.appendDescription(callID: request.callID, service.describe())
            service.ended(.describe, .ok)
        case .nextTickets, .newPrefix, .createSequence, .listSequences:
            storeCalls.begin(request, service: service, output: output)
        case .refused(let status):
            output.appendError(callID: request.callID, status)
            service.ended(.other, CallCode(status.code))
        case .unknown:
            output.appendError(callID: request.callID, Self.unknownMethod)
            service.ended(.other, .unimplemented)
        }
    }

    /// Puts a call at the end of the line, and serves it at once when it is the only one.
    private func begin(
        _ request: Request,
        count: UInt32,
        isBatch: Bool,
        service: IDService,
        shard: Shard,
        output: FrameBuffer
    ) {
        let deadline = service.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
        waiting.append(
            WaitingCall(
                callID: request.callID,
                began: service.moment.bootNanoseconds,
                deadline: deadline,
                remaining: count,
                isBatch: isBatch
            )
        )
        earliestTickDeadline = min(earliestTickDeadline, deadline)
        if waiting.count == 1 {
            _ = takeTurn(share: .max, service: service, shard: shard, output: output, outputLimit: .max)
        }
        if !waiting.isEmpty { service.recorder?.meter.waited() }
    }

    /// - Returns: the tick to wait for; `nil` when the call was answered.
    private func serveSingle(
        _ call: WaitingCall,
        share: inout UInt64,
        service: IDService,
        shard: Shard,
        output: FrameBuffer
    ) -> UInt64? {
        switch shard.nextID(now: service.moment.tick) {
        case .minted(let id):
            share -= 1
            finishFirst()
            output.appendNextID(callID: call.callID, id: id)
            service.recorder?.meter.gave(ids: 1)
            service.ended(.nextID, .ok, began: call.began)
            return nil
        case .full(let tick):
            guard let objection = service.objection(toWaitingFor: tick) else { return tick }
            return refuseFirst(call, objection, service, output: output)
        case .closed: return refuseFirst(call, service.closed, service, output: output)
        case .expired: return refuseFirst(call, service.expired, service, output: output)
        }
    }

    /// - Returns: the tick to wait for; `nil` when the call was answered, or the share was used.
    private func serveBatch(
        _ call: WaitingCall,
        share: inout UInt64,
        service: IDService,
        shard: Shard,
        output: FrameBuffer
    ) -> UInt64? {
        var remaining = call.remaining
        switch gathered.gather(&remaining, share: &share, from: shard, service) {
        case .all:
            output.appendNextBatch(callID: call.callID, runs: gathered.runs)
            if let recorder = service.recorder {
                recorder.meter.gave(ids: gathered.runs.reduce(0) { $0 + UInt64($1.count) })
                service.ended(.nextBatch, .ok, began: call.began)
            }
            finishFirst()
            return nil
        case .shareUsed:
            waiting[0].remaining = remaining
            return nil
        case .waits(let tick):
            waiting[0].remaining = remaining
            return tick
        case .refused(let status):
            return refuseFirst(call, status, service, output: output)
        }
    }

    private func refuseFirst(
        _ call: WaitingCall,
        _ status: Status,
        _ service: IDService,
        output: FrameBuffer
    ) -> UInt64? {
        output.appendError(callID: call.callID, status)
        service.ended(call.method, CallCode(status.code), began: call.began)
        finishFirst()
        return nil
    }

    private func finishFirst() {
        waiting.removeFirst()
        gathered.removeAll()
        if waiting.isEmpty { earliestTickDeadline = .max }
    }
}

extension Session {
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

    private static let unknownMethod = Status(
        .unimplemented,
        "the request has no method that this daemon knows; update the daemon, or send one of firn.proto's"
    )
}
