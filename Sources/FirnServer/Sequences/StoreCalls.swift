internal import DequeModule
internal import FirnEngine
internal import FirnStore
internal import FirnWire

/// The calls of one session that concern named sequences: served at once where the values are there, else kept until
/// the store has answered. They wait apart from the calls for IDs, and for each other only where they want the same.
struct StoreCalls {
    /// What a call waits for.
    private enum Waits {
        case values(UInt32, of: Sequences.Key, SequenceWait)
        case reply(StoreReply)
    }

    private struct Call {
        let callID: UInt64
        let method: CallMethod
        /// When it was read; boot nanoseconds.
        let began: Int64
        /// In boot nanoseconds; `.max`: never given up.
        let deadline: Int64
        var waits: Waits
    }

    private var calls = Deque<Call>()

    /// The earliest deadline, or earlier; `.max` when there is none. Boot nanoseconds.
    private(set) var earliestDeadline = Int64.max

    var isEmpty: Bool { calls.isEmpty }
    var count: Int { calls.count }

    /// Serves a request, or keeps it.
    mutating func begin(_ request: Request, service: IDService, output: FrameBuffer) {
        guard let desk = service.sequences else {
            return Self.refuse(request, Self.noSequences, service, output)
        }
        switch request.method {
        case .nextTickets(let name, let count):
            if let objection = service.objection(toCount: count) {
                return Self.refuse(request, objection, service, output)
            }
            take(count, of: Sequences.Key(name: name, use: .tickets), request, desk, service, output)
        case .newPrefix(let name):
            take(1, of: Sequences.Key(name: name, use: .prefixes), request, desk, service, output)
        case .createSequence, .listSequences:
            let open = calls.count { if case .reply = $0.waits { true } else { false } }
            guard open < Self.maximumReplies else {
                return Self.refuse(request, Self.tooManyReplies, service, output)
            }
            keep(request, .reply(reply(to: request.method, desk)), service)
        default:
            preconditionFailure("the session keeps the calls for IDs itself")
        }
    }

    private func reply(to method: Request.Method, _ desk: SequenceDesk) -> StoreReply {
        switch method {
        case .createSequence(let description): desk.sequences.create(description, mailbox: desk.mailbox)
        case .listSequences(let name): desk.sequences.list(after: name, mailbox: desk.mailbox)
        default: preconditionFailure("only these two are answered by the store alone")
        }
    }

    /// Tries all again, in the order in which they came. Of one sequence none overtakes: once a call waits on, those after
    /// it do too, although a block may arrive between the two. The reactor is told of that block, and comes back.
    mutating func retry(service: IDService, output: FrameBuffer) {
        guard let desk = service.sequences else { return }
        let now = service.moment.bootNanoseconds
        var waiting = Deque<Call>()
        var behind: Set<Sequences.Key> = []
        for var call in calls {
            switch call.waits {
            case .reply(let reply):
                guard let content = reply.content else { break }
                service.ended(call.method, Self.answer(call.callID, content, output), began: call.began)
                continue
            case .values(_, let key, _) where behind.contains(key):
                break
            case .values(let count, let key, let wait):
                let answer = desk.sequences.take(count, of: key, after: wait, mailbox: desk.mailbox, now: now)
                if let code = Self.answer(call.callID, answer, key, service, output) {
                    service.ended(call.method, code, began: call.began)
                    continue
                }
                // It may have asked for more, which it must not do again each time that it is woken for others.
                if case .wait(let next) = answer { call.waits = .values(count, of: key, next) }
                behind.insert(key)
            }
            waiting.append(call)
        }
        calls = waiting
        forgetDeadlines()
    }

    /// Gives up the calls whose deadline has passed. What is reserved for them later serves others.
    mutating func expire(service: IDService, output: FrameBuffer) {
        let now = service.moment.bootNanoseconds
        guard earliestDeadline <= now else { return }
        calls.removeAll { call in
            guard call.deadline <= now else { return false }
            output.appendError(
                callID: call.callID,
                Status(.deadlineExceeded, "the call's timeout_ms passed while it waited for the store; allow more time")
            )
            service.ended(call.method, .deadlineExceeded, began: call.began)
            return true
        }
        forgetDeadlines()
    }

    /// Fails them all.
    mutating func fail(_ status: Status, service: IDService, output: FrameBuffer) {
        for call in calls {
            output.appendError(callID: call.callID, status)
            service.ended(call.method, CallCode(status.code), began: call.began)
        }
        calls.removeAll()
        earliestDeadline = .max
    }

    private mutating func take(
        _ count: UInt32,
        of key: Sequences.Key,
        _ request: Request,
        _ desk: SequenceDesk,
        _ service: IDService,
        _ output: FrameBuffer
    ) {
        let now = service.moment.bootNanoseconds
        let answer = desk.sequences.take(count, of: key, after: nil, mailbox: desk.mailbox, now: now)
        if case .wait(let wait) = answer {
            keep(request, .values(count, of: key, wait), service)
        } else if let code = Self.answer(request.callID, answer, key, service, output) {
            service.ended(CallMethod(request.method), code)
        }
    }

    private mutating func keep(_ request: Request, _ waits: Waits, _ service: IDService) {
        let deadline = service.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
        calls.append(
            Call(
                callID: request.callID,
                method: CallMethod(request.method),
                began: service.moment.bootNanoseconds,
                deadline: deadline,
                waits: waits
            )
        )
        earliestDeadline = min(earliestDeadline, deadline)
    }

    private mutating func forgetDeadlines() {
        earliestDeadline = calls.reduce(Int64.max) { min($0, $1.deadline) }
    }

    /// Creations and lists of one connection that may wait at once: a page of a list is some 30 KiB, and all that wait
    /// may be answered at once.
    static let maximumReplies = 16

    private static let tooManyReplies = Status(
        .resourceExhausted,
        "\(maximumReplies) creations and lists of this connection wait for the store already; wait for their answers"
    )

    private static let noSequences = Status(
        .unimplemented,
        "this server keeps no named sequences; ask it for NextID or NextBatch"
    )
}

extension StoreCalls {
    private static func refuse(
        _ request: Request,
        _ status: Status,
        _ service: IDService,
        _ output: FrameBuffer
    ) {
        output.appendError(callID: request.callID, status)
        service.ended(CallMethod(request.method), CallCode(status.code))
    }

    private static func answer(
        _ callID: UInt64,
        _ content: StoreReply.Content,
        _ output: FrameBuffer
    ) -> CallCode {
        switch content {
        case .created(let sequence): output.appendCreatedSequence(callID: callID, sequence)
        case .page(let sequences, let more): output.appendSequences(callID: callID, sequences, more: more)
        case .refused(let status):
            output.appendError(callID: callID, status)
            return CallCode(status.code)
        }
        return .ok
    }

    /// - Returns: how the call ended; `nil` when it waits on.
    private static func answer(
        _ callID: UInt64,
        _ answer: Sequences.Answer,
        _ key: Sequences.Key,
        _ service: IDService,
        _ output: FrameBuffer
    ) -> CallCode? {
        switch answer {
        case .wait:
            return nil
        case .refused(let status):
            output.appendError(callID: callID, status)
            return CallCode(status.code)
        case .taken(let first, let second, let kind):
            switch SequenceValues(first, second, kind, of: key) {
            case .prefix(let prefix): output.appendNewPrefix(callID: callID, prefix: prefix)
            case .tickets(let first, let second): output.appendNextTickets(callID: callID, first: first, second: second)
            }
            service.recorder?.meter.gave(values: first.count + (second?.count ?? 0))
        }
        return .ok
    }
}

/// Where a reactor's sessions ask for sequences, and who is told that the store has answered.
package struct SequenceDesk {
    let sequences: Sequences
    let mailbox: any StoreListener
}
