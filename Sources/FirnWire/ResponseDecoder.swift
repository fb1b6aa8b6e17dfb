internal import CFirnProto
internal import FirnLayout

/// Decodes responses from frames. Short ones, which are nearly all, are unpacked into memory that is reused.
package struct ResponseDecoder: ~Copyable {
    private static let arenaCapacity = 16 * 1024
    /// A frame of this length unpacks into the arena, unless it is mostly unknown fields.
    private static let arenaLength = 256

    private let arena = Arena(capacity: ResponseDecoder.arenaCapacity)

    package init() {}

    /// Reads the message of one frame.
    ///
    /// - Throws: a ``Status`` when the bytes are not a Response; the connection cannot be used any more.
    package func decode(_ message: RawSpan) throws(Status) -> Response {
        if message.byteCount <= Self.arenaLength {
            if let unpacked = Self.unpack(message, arena.reset()) {
                return try Self.response(unpacked.pointee)
            }
        }
        guard let unpacked = Self.unpack(message, nil) else {
            throw Status(.internal, "the frame is not a firn.v1.Response; check that the address is a Firn daemon's")
        }
        defer { firn__v1__response__free_unpacked(unpacked, nil) }
        return try Self.response(unpacked.pointee)
    }

    private static func unpack(
        _ message: RawSpan,
        _ allocator: UnsafeMutablePointer<ProtobufCAllocator>?
    ) -> UnsafeMutablePointer<Firn__V1__Response>? {
        message.withUnsafeBytes { bytes in
            firn__v1__response__unpack(allocator, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress)
        }
    }

    private static func response(_ response: Firn__V1__Response) throws(Status) -> Response {
        Response(callID: response.call_id, outcome: try outcome(of: response))
    }

    private static func outcome(of response: Firn__V1__Response) throws(Status) -> Response.Outcome {
        switch response.outcome_case {
        case FIRN__V1__RESPONSE__OUTCOME_ERROR:
            return .error(Status(response.error.pointee))
        case FIRN__V1__RESPONSE__OUTCOME_NEXT_ID:
            return .nextID(FirnID(rawValue: response.next_id.pointee.id))
        case FIRN__V1__RESPONSE__OUTCOME_NEXT_BATCH:
            let batch = response.next_batch.pointee
            return .nextBatch(try runs(batch.runs, count: batch.n_runs))
        case FIRN__V1__RESPONSE__OUTCOME_NEXT_TICKETS:
            let tickets = response.next_tickets.pointee
            return .nextTickets(try runs(tickets.runs, count: tickets.n_runs))
        case FIRN__V1__RESPONSE__OUTCOME_NEW_PREFIX:
            return .newPrefix(text(response.new_prefix.pointee.prefix))
        case FIRN__V1__RESPONSE__OUTCOME_DESCRIBE:
            return .describe(try description(response.describe.pointee))
        case FIRN__V1__RESPONSE__OUTCOME_CREATE_SEQUENCE:
            return .createSequence(try sequence(response.create_sequence.pointee.sequence))
        case FIRN__V1__RESPONSE__OUTCOME_LIST_SEQUENCES:
            let page = response.list_sequences.pointee
            var sequences: [SequenceDescription] = []
            for index in 0..<page.n_sequences { sequences.append(try sequence(page.sequences[index])) }
            return .listSequences(sequences, more: page.more != 0)
        case FIRN__V1__RESPONSE__OUTCOME_LEASE_WORKER:
            let answer = response.lease_worker.pointee
            return .leased(
                LeaseGrant(
                    lease: try lease(answer.lease),
                    layout: try layout(answer.layout),
                    limitUnixMilliseconds: answer.limit_unix_ms
                )
            )
        case FIRN__V1__RESPONSE__OUTCOME_EXTEND_LEASE:
            let answer = response.extend_lease.pointee
            return .leaseExtended(try lease(answer.lease), limitUnixMilliseconds: answer.limit_unix_ms)
        case FIRN__V1__RESPONSE__OUTCOME_RELEASE_LEASE:
            return .leaseReleased(freeFromTick: response.release_lease.pointee.free_from_tick)
        case FIRN__V1__RESPONSE__OUTCOME_STORE:
            return .store(StoreAnswers(response.store.pointee))
        case FIRN__V1__RESPONSE__OUTCOME_AUTHENTICATE:
            return .authenticated
        case FIRN__V1__RESPONSE__OUTCOME_GO_AWAY:
            return .goAway(reason: text(response.go_away.pointee.reason))
        default:
            return .unknown
        }
    }

    private static func runs(
        _ runs: UnsafeMutablePointer<UnsafeMutablePointer<Firn__V1__Run>?>?,
        count: Int
    ) throws(Status) -> [Run] {
        var result: [Run] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            // A run beyond 64 bits, or without a stride, would make a client give out an ID twice.
            guard let run = runs?[index]?.pointee,
                let valid = Run(validating: FirnID(rawValue: run.first), count: run.count, stride: run.stride)
            else {
                throw Status(
                    .internal,
                    "the daemon sent a run that is empty, without a stride or past 64 bits; report this with its version"
                )
            }
            result.append(valid)
        }
        return result
    }

    private static func description(_ description: Firn__V1__DescribeResponse) throws(Status) -> DaemonDescription {
        DaemonDescription(
            version: text(description.version),
            layout: try layout(description.layout),
            workers: Array(UnsafeBufferPointer(start: description.workers, count: description.n_workers)),
            maximumBatch: description.max_batch,
            readiness: description.readiness.map { readiness($0.pointee) },
            maximumLeaseWindowMilliseconds: description.max_lease_window_ms
        )
    }

    private static func layout(_ message: UnsafeMutablePointer<Firn__V1__Layout>?) throws(Status) -> Layout {
        let name = message.map { text($0.pointee.name) } ?? ""
        do {
            return try Layout(parsing: name)
        } catch {
            throw Status(.internal, "the daemon's layout '\(name)' is not one that this client knows: \(error)")
        }
    }

    private static func lease(_ message: UnsafeMutablePointer<Firn__V1__Lease>?) throws(Status) -> Lease {
        guard let lease = message.map({ Lease($0.pointee) }), lease.firstTick <= lease.limitTick else {
            throw Status(.internal, "the daemon sent no lease, or one that ends before it begins; report this")
        }
        return lease
    }

    private static func readiness(_ readiness: Firn__V1__Readiness) -> DaemonDescription.Readiness {
        if let obstacle = readiness.obstacle { return .unready(Status(obstacle.pointee)) }
        return readiness.resting != 0 ? .resting : .ready
    }

    private static func sequence(_ message: UnsafeMutablePointer<Firn__V1__Sequence>?) throws(Status)
        -> SequenceDescription
    {
        guard let message = message?.pointee,
            let sequence = SequenceDescription(message, name: Name(text(message.name)))
        else {
            throw Status(
                .internal,
                "the daemon sent a sequence of a kind or name that this client does not know; update it"
            )
        }
        return sequence
    }

    private static func text(_ string: UnsafeMutablePointer<CChar>?) -> String {
        string.map { String(cString: $0) } ?? ""
    }
}
