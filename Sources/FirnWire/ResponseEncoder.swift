internal import CFirnProto
package import FirnLayout

/// Writes answers as frames. Each method appends one frame to the buffer.
extension FrameBuffer {
    /// The answer to NextID, through protobuf-c; see ``appendNextID(callID:id:)``.
    func appendAnyNextID(callID: UInt64, id: FirnID) {
        var outcome = Firn__V1__NextIDResponse()
        firn__v1__next_idresponse__init(&outcome)
        outcome.id = id.rawValue
        withUnsafeMutablePointer(to: &outcome) { pointer in
            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_NEXT_ID)
            response.next_id = pointer
            // 1 + 10 for the call, 2 for the outcome's header, 9 for the ID.
            appendFrame(&response, maximumLength: 22)
        }
    }

    /// The answer to NextBatch.
    package func appendNextBatch(callID: UInt64, runs: [Run]) {
        var outcome = Firn__V1__NextBatchResponse()
        firn__v1__next_batch_response__init(&outcome)
        Self.withMessages(of: runs) { pointers in
            outcome.n_runs = runs.count
            outcome.runs = pointers
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_NEXT_BATCH)
                response.next_batch = pointer
                appendFrame(&response, maximumLength: Self.maximumLength(runs: runs.count))
            }
        }
    }

    /// The answer to NextTickets: one run, or two.
    package func appendNextTickets(callID: UInt64, runs: [Run]) {
        var outcome = Firn__V1__NextTicketsResponse()
        firn__v1__next_tickets_response__init(&outcome)
        Self.withMessages(of: runs) { pointers in
            outcome.n_runs = runs.count
            outcome.runs = pointers
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_NEXT_TICKETS)
                response.next_tickets = pointer
                appendFrame(&response, maximumLength: Self.maximumLength(runs: runs.count))
            }
        }
    }

    /// The answer to NewPrefix.
    package func appendNewPrefix(callID: UInt64, prefix: String) {
        var outcome = Firn__V1__NewPrefixResponse()
        firn__v1__new_prefix_response__init(&outcome)
        Self.withCString(prefix) { text in
            outcome.prefix = text
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_NEW_PREFIX)
                response.new_prefix = pointer
                appendFrame(&response, maximumLength: 64 + prefix.utf8.count)
            }
        }
    }

    /// An error, as the answer to a call, or with call 0 for the whole connection.
    package func appendError(callID: UInt64, _ status: Status) {
        Self.withStatus(status) { pointer in
            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_ERROR)
            response.error = pointer
            appendFrame(&response, maximumLength: 64 + status.message.utf8.count)
        }
    }

    private static func withStatus(_ status: Status, _ body: (UnsafeMutablePointer<Firn__V1__Status>) -> Void) {
        var message = Firn__V1__Status()
        firn__v1__status__init(&message)
        message.code = status.code.rawValue
        message.retry_after_ms = status.retryAfterMilliseconds
        withCString(status.message) { text in
            message.message = text
            withUnsafeMutablePointer(to: &message, body)
        }
    }

    private static func withReadiness(
        _ readiness: DaemonDescription.Readiness?,
        _ body: (UnsafeMutablePointer<Firn__V1__Readiness>?) -> Void
    ) {
        guard let readiness else { return body(nil) }
        var message = Firn__V1__Readiness()
        firn__v1__readiness__init(&message)
        switch readiness {
        case .ready:
            withUnsafeMutablePointer(to: &message, body)
        case .resting:
            message.resting = 1
            withUnsafeMutablePointer(to: &message, body)
        case .unready(let status):
            withStatus(status) { pointer in
                message.obstacle = pointer
                withUnsafeMutablePointer(to: &message, body)
            }
        }
    }

    /// The answer to Authenticate.
    package func appendAuthenticated(callID: UInt64) {
        var outcome = Firn__V1__AuthenticateResponse()
        firn__v1__authenticate_response__init(&outcome)
        withUnsafeMutablePointer(to: &outcome) { pointer in
            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_AUTHENTICATE)
            response.authenticate = pointer
            appendFrame(&response, maximumLength: 16)
        }
    }

    /// A notice that the connection will be closed.
    package func appendGoAway(reason: String) {
        var outcome = Firn__V1__GoAway()
        firn__v1__go_away__init(&outcome)
        Self.withCString(reason) { text in
            outcome.reason = text
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(0, FIRN__V1__RESPONSE__OUTCOME_GO_AWAY)
                response.go_away = pointer
                appendFrame(&response, maximumLength: 64 + reason.utf8.count)
            }
        }
    }

    /// The answer to Describe.
    package func appendDescription(callID: UInt64, _ description: DaemonDescription) {
        var outcome = Firn__V1__DescribeResponse()
        firn__v1__describe_response__init(&outcome)
        outcome.epoch_unix_ms = description.layout.epochUnixMilliseconds
        outcome.tick_ns = description.layout.tickNanoseconds
        outcome.max_batch = description.maximumBatch
        outcome.max_lease_window_ms = description.maximumLeaseWindowMilliseconds
        var workers = description.workers
        var length = 256 + description.version.utf8.count + description.layout.sharedText.utf8.count + 5 * workers.count
        if case .unready(let status) = description.readiness { length += status.message.utf8.count }
        Self.withCString(description.version) { version in
            Self.withMessage(of: description.layout) { layout in
                workers.withUnsafeMutableBufferPointer { workers in
                    outcome.version = version
                    outcome.n_workers = workers.count
                    outcome.workers = workers.baseAddress
                    outcome.layout = layout
                    Self.withReadiness(description.readiness) { readiness in
                        outcome.readiness = readiness
                        withUnsafeMutablePointer(to: &outcome) { pointer in
                            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_DESCRIBE)
                            response.describe = pointer
                            appendFrame(&response, maximumLength: length)
                        }
                    }
                }
            }
        }
    }

    private static func withMessage(of layout: Layout, _ body: (UnsafeMutablePointer<Firn__V1__Layout>) -> Void) {
        withCString(layout.sharedText) { name in
            var message = Firn__V1__Layout()
            firn__v1__layout__init(&message)
            message.name = name
            message.time_bits = UInt32(layout.timeBits)
            message.worker_bits = UInt32(layout.workerBits)
            message.sequence_bits = UInt32(layout.sequenceBits)
            message.sequence_above_worker = layout.isSequenceAboveWorker ? 1 : 0
            body(&message)
        }
    }

    /// The answer to LeaseWorker.
    package func appendLease(callID: UInt64, _ grant: LeaseGrant) {
        var outcome = Firn__V1__LeaseWorkerResponse()
        firn__v1__lease_worker_response__init(&outcome)
        outcome.epoch_unix_ms = grant.layout.epochUnixMilliseconds
        outcome.tick_ns = grant.layout.tickNanoseconds
        outcome.limit_unix_ms = grant.limitUnixMilliseconds
        let length = 128 + Lease.maximumMessageLength + grant.layout.sharedText.utf8.count
        grant.lease.withMessage { lease in
            Self.withMessage(of: grant.layout) { layout in
                outcome.lease = lease
                outcome.layout = layout
                withUnsafeMutablePointer(to: &outcome) { pointer in
                    var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_LEASE_WORKER)
                    response.lease_worker = pointer
                    appendFrame(&response, maximumLength: length)
                }
            }
        }
    }

    /// The answer to ExtendLease.
    package func appendExtendedLease(callID: UInt64, _ lease: Lease, limitUnixMilliseconds: UInt64) {
        var outcome = Firn__V1__ExtendLeaseResponse()
        firn__v1__extend_lease_response__init(&outcome)
        outcome.limit_unix_ms = limitUnixMilliseconds
        lease.withMessage { lease in
            outcome.lease = lease
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_EXTEND_LEASE)
                response.extend_lease = pointer
                appendFrame(&response, maximumLength: 64 + Lease.maximumMessageLength)
            }
        }
    }

    /// The answer to ReleaseLease.
    package func appendReleasedLease(callID: UInt64, freeFromTick: UInt64) {
        var outcome = Firn__V1__ReleaseLeaseResponse()
        firn__v1__release_lease_response__init(&outcome)
        outcome.free_from_tick = freeFromTick
        withUnsafeMutablePointer(to: &outcome) { pointer in
            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_RELEASE_LEASE)
            response.release_lease = pointer
            appendFrame(&response, maximumLength: 48)
        }
    }

    /// The answer to a call for the store's records.
    package func appendStoreAnswers(callID: UInt64, _ answers: StoreAnswers) {
        answers.withMessage { outcome in
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_STORE)
                response.store = pointer
                appendFrame(&response, maximumLength: 32 + answers.maximumLength)
            }
        }
    }

    /// The answer to CreateSequence.
    package func appendCreatedSequence(callID: UInt64, _ sequence: SequenceDescription) {
        sequence.withMessage { message in
            var outcome = Firn__V1__CreateSequenceResponse()
            firn__v1__create_sequence_response__init(&outcome)
            outcome.sequence = message
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_CREATE_SEQUENCE)
                response.create_sequence = pointer
                appendFrame(&response, maximumLength: 32 + SequenceDescription.maximumMessageLength)
            }
        }
    }

    /// The answer to ListSequences: a page, and whether more come after it.
    package func appendSequences(callID: UInt64, _ sequences: [SequenceDescription], more: Bool) {
        var pointers: [UnsafeMutablePointer<Firn__V1__Sequence>?] = []
        // Each message is valid only in the closure of its own call, so the calls are nested and the last one packs all
        // messages.
        func pack(from index: Int) {
            guard index == sequences.count else {
                return sequences[index].withMessage { message in
                    pointers.append(message)
                    pack(from: index + 1)
                }
            }
            var outcome = Firn__V1__ListSequencesResponse()
            firn__v1__list_sequences_response__init(&outcome)
            outcome.more = more ? 1 : 0
            outcome.n_sequences = pointers.count
            pointers.withUnsafeMutableBufferPointer { buffer in
                outcome.sequences = buffer.baseAddress
                withUnsafeMutablePointer(to: &outcome) { pointer in
                    var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_LIST_SEQUENCES)
                    response.list_sequences = pointer
                    let length = 32 + sequences.count * (3 + SequenceDescription.maximumMessageLength)
                    appendFrame(&response, maximumLength: length)
                }
            }
        }
        pack(from: 0)
    }

    /// An answer of any kind.
    package func append(_ response: Response) {
        let callID = response.callID
        switch response.outcome {
        case .error(let status): appendError(callID: callID, status)
        case .nextID(let id): appendNextID(callID: callID, id: id)
        case .nextBatch(let runs): appendNextBatch(callID: callID, runs: runs)
        case .nextTickets(let runs): appendNextTickets(callID: callID, runs: runs)
        case .newPrefix(let prefix): appendNewPrefix(callID: callID, prefix: prefix)
        case .describe(let description): appendDescription(callID: callID, description)
        case .createSequence(let sequence): appendCreatedSequence(callID: callID, sequence)
        case .listSequences(let sequences, let more): appendSequences(callID: callID, sequences, more: more)
        case .leased(let grant): appendLease(callID: callID, grant)
        case .leaseExtended(let lease, let limit):
            appendExtendedLease(callID: callID, lease, limitUnixMilliseconds: limit)
        case .leaseReleased(let tick): appendReleasedLease(callID: callID, freeFromTick: tick)
        case .store(let answers): appendStoreAnswers(callID: callID, answers)
        case .authenticated: appendAuthenticated(callID: callID)
        case .goAway(let reason): appendGoAway(reason: reason)
        case .unknown: preconditionFailure("a response without an outcome is read, and never written")
        }
    }

    @inline(__always)
    private static func response(_ callID: UInt64, _ outcome: Firn__V1__Response__OutcomeCase) -> Firn__V1__Response {
        var response = Firn__V1__Response()
        firn__v1__response__init(&response)
        response.call_id = callID
        response.outcome_case = outcome
        return response
    }

    @inline(__always)
    private func appendFrame(_ response: inout Firn__V1__Response, maximumLength: Int) {
        appendUninitialized(Frame.headerLength + maximumLength) { free in
            let body = free.baseAddress! + Frame.headerLength
            let length = firn__v1__response__pack(&response, body.assumingMemoryBound(to: UInt8.self))
            free.storeBytes(of: UInt32(length).bigEndian, as: UInt32.self)
            return Frame.headerLength + length
        }
    }

    /// A run takes at most 2 bytes of header, 9 for the first ID, 6 for the count and 11 for the stride.
    fileprivate static func maximumLength(runs: Int) -> Int { 32 + 28 * runs }

    private static func withMessages(
        of runs: [Run],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<Firn__V1__Run>?>?) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Firn__V1__Run.self, capacity: runs.count) { messages in
            withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Firn__V1__Run>?.self, capacity: runs.count) {
                pointers in
                for (index, run) in runs.enumerated() {
                    let message = messages.baseAddress! + index
                    firn__v1__run__init(message)
                    message.pointee.first = run.first.rawValue
                    message.pointee.count = run.count
                    message.pointee.stride = run.stride
                    pointers.initializeElement(at: index, to: message)
                }
                body(pointers.baseAddress)
            }
        }
    }

    /// protobuf-c declares strings as `char *`, but only reads them while packing.
    private static func withCString(_ text: String, _ body: (UnsafeMutablePointer<CChar>) -> Void) {
        text.withCString { body(UnsafeMutablePointer(mutating: $0)) }
    }
}

extension Response.Outcome {
    /// How many bytes an answer with IDs or an error takes at most.
    package var maximumLength: Int {
        switch self {
        case .nextID: Frame.headerLength + 22
        case .nextBatch(let runs), .nextTickets(let runs):
            Frame.headerLength + FrameBuffer.maximumLength(runs: runs.count)
        case .error(let status): Frame.headerLength + 64 + status.message.utf8.count
        default: preconditionFailure("the length of other answers is not asked for")
        }
    }
}
