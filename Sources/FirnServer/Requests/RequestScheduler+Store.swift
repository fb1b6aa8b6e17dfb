internal import FirnEngine
internal import FirnStore
internal import FirnWire

/// Requests for named sequences and leases: served at once when the values are available, otherwise kept until the store has
/// answered. They wait apart from the requests for IDs. They wait for each other only when they need the same sequence.
extension RequestScheduler {
    /// Serves a request, or lets it wait.
    func beginAtStore(_ request: Request, from peer: PeerID) -> Response.Outcome? {
        let method = CallMethod(request.method)
        guard let sequences = service.sequences else { return ended(method, .error(noSequences)) }
        switch request.method {
        case .nextTickets(let name, let count):
            if let objection = service.objection(toCount: count) { return ended(method, .error(objection)) }
            return take(count, of: Sequences.Key(name: name, use: .tickets), request, from: peer, sequences)
        case .newPrefix(let name):
            return take(1, of: Sequences.Key(name: name, use: .prefixes), request, from: peer, sequences)
        case .createSequence(let description):
            return ask(request, from: peer) { sequences.create(description, for: $0) }
        case .listSequences(let name):
            return ask(request, from: peer) { sequences.list(after: name, for: $0) }
        case .lease(let call):
            return ask(request, from: peer, else: Self.noLeases) { sequences.lease(call, for: $0) }
        case .store(let call):
            return ask(request, from: peer, else: Self.noRecords) { sequences.store(call, for: $0) }
        default:
            preconditionFailure("the other methods have nothing to do with the store")
        }
    }

    /// Handles an answer of the store that requests wait for.
    ///
    /// - Parameter deliveries: gets the answers. Those of several peers may be mixed.
    func storeAnswered(_ answer: StoreAnswer, _ deliveries: inout [Delivery]) {
        switch answer.subject {
        case .values(let key):
            retry(key, &deliveries)
        case .reply(let request):
            // The number may have been reused for another request, which waits for something else.
            guard storeRequests.isTaken(request), case .reply(let reply) = storeRequests[request].waits,
                let content = reply.take()
            else { return }
            let peer = storeRequests[request].peer
            deliveries.append(finish(request, Self.outcome(content)))
            settle(peer.slot)
        case .windows:
            // Their turn comes at once.
            for line in lines.indices where lines[line].wakeTick == ShardLine<Shard>.never {
                lines[line].wakeTick = service.moment.tick
            }
        }
    }

    private func take(
        _ count: UInt32,
        of key: Sequences.Key,
        _ request: Request,
        from peer: PeerID,
        _ sequences: any SequenceSource
    ) -> Response.Outcome? {
        let answer = sequences.take(count, of: key, after: nil, now: service.moment.bootNanoseconds)
        if let outcome = Self.outcome(answer, of: key) { return ended(CallMethod(request.method), outcome) }
        guard case .wait(let wait) = answer else { preconditionFailure("what is no outcome is a wait") }
        let number = add(request, from: peer, .values(count, of: key, wait))
        sequenceLinks.append(number, to: &sequenceQueues[key, default: SlotQueue()])
        return nil
    }

    /// Tries again the requests that wait for values of a sequence, in the order in which they came. None overtakes
    /// another: when one has to wait again, those after it wait too, although a block may arrive between two attempts.
    /// The thread is notified of that block too.
    private func retry(_ key: Sequences.Key, _ deliveries: inout [Delivery]) {
        guard let sequences = service.sequences else { return }
        let now = service.moment.bootNanoseconds
        while let number = sequenceQueues[key]?.first {
            guard case .values(let count, _, let wait) = storeRequests[number].waits else {
                preconditionFailure("in a sequence's queue are those who want its values")
            }
            let answer = sequences.take(count, of: key, after: wait, now: now)
            guard let outcome = Self.outcome(answer, of: key) else {
                // The attempt may have requested more values. The next attempt must not request them again.
                if case .wait(let next) = answer { storeRequests[number].waits = .values(count, of: key, next) }
                return
            }
            let peer = storeRequests[number].peer
            deliveries.append(finish(number, outcome))
            settle(peer.slot)
        }
    }

    /// Asks the store on behalf of a request that only the store can answer.
    private func ask(
        _ request: Request,
        from peer: PeerID,
        else refusal: Status? = nil,
        _ ask: (Int) -> StoreReply?
    ) -> Response.Outcome? {
        guard peers[peer.slot].replies < maximumReplies else {
            return ended(CallMethod(request.method), .error(tooManyReplies))
        }
        guard let reply = ask(storeRequests.next) else {
            return ended(CallMethod(request.method), .error(refusal ?? noSequences))
        }
        _ = add(request, from: peer, .reply(reply))
        peers[peer.slot].replies += 1
        return nil
    }

    private func add(_ request: Request, from peer: PeerID, _ waits: StoreRequest.Waits) -> Int {
        let deadline = service.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
        let number = storeRequests.insert(
            StoreRequest(
                peer: peer,
                callID: request.callID,
                method: CallMethod(request.method),
                began: service.moment.bootNanoseconds,
                deadline: deadline,
                waits: waits
            )
        )
        ownLinks.append(number, to: &peers[peer.slot].forStore)
        keep(deadline, of: peer.slot)
        return number
    }

    /// Removes a request, and returns its answer.
    func finish(_ number: Int, _ outcome: Response.Outcome) -> Delivery {
        let request = takeOut(number)
        return delivery(to: request.peer, request.callID, request.method, outcome, began: request.began)
    }

    /// Removes a request from all queues.
    func takeOut(_ number: Int) -> StoreRequest {
        let request = storeRequests[number]
        switch request.waits {
        case .nothing: preconditionFailure("a free slot has no request")
        case .reply(let reply):
            reply.abandon()
            peers[request.peer.slot].replies -= 1
        case .values(_, let key, _):
            sequenceLinks.remove(number, from: &sequenceQueues[key, default: SlotQueue()])
            if sequenceQueues[key]?.isEmpty == true { sequenceQueues[key] = nil }
        }
        ownLinks.remove(number, from: &peers[request.peer.slot].forStore)
        storeRequests.remove(number)
        return request
    }
}

extension RequestScheduler {
    /// Creations, lists and calls for leases of one peer that may wait at once. A page of a list has some 30 KiB, and all that wait may
    /// be answered at once.
    private var maximumReplies: Int { 16 }

    private var tooManyReplies: Status {
        Status(
            .resourceExhausted,
            "\(maximumReplies) calls for leases and creations and lists of sequences of this connection wait for the store already; "
                + "wait for their answers"
        )
    }

    private var noSequences: Status {
        Status(.unimplemented, "this server keeps no named sequences; ask it for NextID or NextBatch")
    }

    private static var noLeases: Status {
        Status(
            .unimplemented,
            "this daemon leases no workers: its --worker is not auto, its --store is memory, or --max-leases is 0; start it with "
                + "--worker auto and --store sqlite:PATH, etcd:, postgres: or firn:, ask another daemon, or take IDs from this one"
        )
    }

    private static var noRecords: Status {
        Status(.unimplemented, "this daemon does not serve its store's records; start it with --serve-store")
    }

    private static func outcome(_ content: StoreReply.Content) -> Response.Outcome {
        switch content {
        case .created(let sequence): .createSequence(sequence)
        case .page(let sequences, let more): .listSequences(sequences, more: more)
        case .leased(let grant): .leased(grant)
        case .leaseExtended(let lease, let limit): .leaseExtended(lease, limitUnixMilliseconds: limit)
        case .leaseReleased(let tick): .leaseReleased(freeFromTick: tick)
        case .store(let answers): .store(answers)
        case .refused(let status): .error(status)
        }
    }

    /// - Returns: `nil` when the request must wait again.
    private static func outcome(_ answer: Sequences.Answer, of key: Sequences.Key) -> Response.Outcome? {
        switch answer {
        case .wait: nil
        case .refused(let status): .error(status)
        case .taken(let first, let second, let kind): SequenceValues.outcome(first, second, kind, of: key)
        }
    }
}
