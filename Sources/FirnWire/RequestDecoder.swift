internal import CFirnProto

/// Decodes requests from frames: the most common one by hand, all others through protobuf-c, which unpacks each into
/// memory that is reused for the next. So a request costs no allocation, and no pointer of protobuf-c leaves this file.
package final class RequestDecoder {
    /// Unpacking a whole frame of ordinary fields takes a few hundred bytes. A frame of unknown or repeated fields
    /// takes up to forty times its length; when it exceeds this capacity, it is refused.
    private static let arenaCapacity = 64 * 1024

    private let arena = Arena(capacity: RequestDecoder.arenaCapacity)

    package init() {}

    /// Reads the message of one frame.
    ///
    /// - Throws: a ``Status`` when the bytes are not a Request; the connection must be closed after it.
    package func decode(_ message: RawSpan) throws(Status) -> Request {
        if let call = SingleCall(message) { return Request(call) }
        return try decodeAny(message)
    }

    /// Decodes a message with protobuf-c.
    func decodeAny(_ message: RawSpan) throws(Status) -> Request {
        let allocator = arena.reset()
        let unpacked = message.withUnsafeBytes { bytes in
            firn__v1__request__unpack(allocator, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress)
        }
        guard let unpacked else {
            throw arena.isExhausted
                ? Status(
                    .invalidArgument,
                    "the request has more fields than the daemon reads; send only those of firn.proto, each once"
                )
                : Status(
                    .internal,
                    "the frame is not a firn.v1.Request; check that the peer speaks Firn's framed protocol"
                )
        }
        let request = unpacked.pointee
        return Request(
            callID: request.call_id,
            timeoutMilliseconds: request.timeout_ms,
            method: Self.method(of: request)
        )
    }

    @inline(__always)
    private static func method(of request: Firn__V1__Request) -> Request.Method {
        switch request.method_case {
        case FIRN__V1__REQUEST__METHOD_NEXT_ID:
            return .nextID
        case FIRN__V1__REQUEST__METHOD_NEXT_BATCH:
            return .nextBatch(count: request.next_batch.pointee.count)
        case FIRN__V1__REQUEST__METHOD_NEXT_TICKETS:
            let tickets = request.next_tickets.pointee
            guard let name = name(tickets.sequence) else { return .refused(badName("sequence", tickets.sequence)) }
            return .nextTickets(sequence: name, count: tickets.count)
        case FIRN__V1__REQUEST__METHOD_NEW_PREFIX:
            let service = request.new_prefix.pointee.service
            guard let name = name(service) else { return .refused(badName("service", service)) }
            return .newPrefix(service: name)
        case FIRN__V1__REQUEST__METHOD_DESCRIBE:
            return .describe
        case FIRN__V1__REQUEST__METHOD_CREATE_SEQUENCE:
            return createSequence(request.create_sequence.pointee)
        case FIRN__V1__REQUEST__METHOD_LIST_SEQUENCES:
            let after = request.list_sequences.pointee.after
            guard !isEmpty(after) else { return .listSequences(after: nil) }
            guard let name = name(after) else { return .refused(badName("sequence", after)) }
            return .listSequences(after: name)
        case FIRN__V1__REQUEST__METHOD_LEASE_WORKER:
            return leaseWorker(request.lease_worker.pointee)
        case FIRN__V1__REQUEST__METHOD_EXTEND_LEASE:
            let extend = request.extend_lease.pointee
            return onLease(extend.lease, extend.unanswered_tokens, count: extend.n_unanswered_tokens) { hold in
                .extend(hold, token: extend.next_token, limitTick: extend.limit_tick)
            }
        case FIRN__V1__REQUEST__METHOD_RELEASE_LEASE:
            let release = request.release_lease.pointee
            return onLease(release.lease, release.unanswered_tokens, count: release.n_unanswered_tokens) { hold in
                .release(hold, firstUnusedTick: release.first_unused_tick)
            }
        case FIRN__V1__REQUEST__METHOD_STORE:
            do throws(Status) {
                return .store(try StoreCall(request.store.pointee))
            } catch {
                return .refused(error)
            }
        case FIRN__V1__REQUEST__METHOD_AUTHENTICATE:
            return .authenticate(token(request.authenticate.pointee.token))
        default:
            return .unknown
        }
    }

    private static func createSequence(_ request: Firn__V1__CreateSequenceRequest) -> Request.Method {
        guard let sequence = request.sequence?.pointee else {
            return .refused(Status(.invalidArgument, "the creation lacks the sequence to create; fill in its fields"))
        }
        guard let name = name(sequence.name) else { return .refused(badName("sequence", sequence.name)) }
        guard let description = SequenceDescription(sequence, name: name) else {
            return .refused(
                Status(
                    .invalidArgument,
                    "the sequence's kind \(sequence.kind.rawValue) is not one that this daemon knows; update the daemon"
                )
            )
        }
        return .createSequence(description)
    }

    private static func leaseWorker(_ request: Firn__V1__LeaseWorkerRequest) -> Request.Method {
        guard let name = name(request.name) else { return .refused(badName("service", request.name)) }
        guard let host = label(request.host) else { return .refused(badLabel("host", request.host)) }
        guard let pod = label(request.pod) else { return .refused(badLabel("pod", request.pod)) }
        return .lease(
            .begin(
                LeaseCall.Beginning(
                    name: name,
                    host: host,
                    pod: pod,
                    pid: request.pid,
                    windowMilliseconds: request.window_ms,
                    notBeforeTick: request.not_before_tick,
                    unixMilliseconds: request.unix_ms
                )
            )
        )
    }

    private static func onLease(
        _ message: UnsafeMutablePointer<Firn__V1__Lease>?,
        _ tokens: UnsafeMutablePointer<UInt64>?,
        count: Int,
        _ makeCall: (LeaseCall.Hold) -> LeaseCall
    ) -> Request.Method {
        guard let lease = message.map({ Lease($0.pointee) }) else {
            return .refused(Status(.invalidArgument, "the call lacks the lease; send it as the last answer had it"))
        }
        do throws(Status) {
            return .lease(
                makeCall(try LeaseCall.Hold(checking: lease, UnsafeBufferPointer(start: tokens, count: count)))
            )
        } catch {
            return .refused(error)
        }
    }

    /// A host's or a pod's name, which may be absent; `nil` when it is not one.
    private static func label(_ string: UnsafeMutablePointer<CChar>?) -> String? {
        guard !isEmpty(string), let string else { return "" }
        let bytes = UnsafeRawBufferPointer(start: string, count: firn_arena_size_of(string) - 1)
        return LeaseCall.Beginning.label(bytes)
    }

    private static func badLabel(_ what: String, _ string: UnsafeMutablePointer<CChar>?) -> Status {
        Status(
            .invalidArgument,
            "the \(what)'s name '\(excerpt(string))' is not text of at most \(LeaseCall.Beginning.maximumTextLength) bytes without control "
                + "characters; choose another"
        )
    }

    private static func token(_ string: UnsafeMutablePointer<CChar>?) -> BearerToken {
        // As in `name(_:)`.
        guard let string, string.pointee != 0 else { return BearerToken(bytes: []) }
        let bytes = UnsafeRawBufferPointer(start: string, count: firn_arena_size_of(string) - 1)
        return BearerToken(bytes: [UInt8](bytes))
    }

    private static func name(_ string: UnsafeMutablePointer<CChar>?) -> Name? {
        // An absent string is a constant of protobuf-c, not memory of the arena, and has no size before it.
        guard let string, string.pointee != 0 else { return nil }
        let length = firn_arena_size_of(string) - 1
        return Name(utf8: UnsafeRawBufferPointer(start: string, count: length))
    }

    /// Whether the string is absent or empty. A string that begins with a NUL is neither.
    private static func isEmpty(_ string: UnsafeMutablePointer<CChar>?) -> Bool {
        var absent = Firn__V1__ListSequencesRequest()
        firn__v1__list_sequences_request__init(&absent)
        guard let string, string != absent.after else { return true }
        return firn_arena_size_of(string) == 1
    }

    private static func badName(_ what: String, _ string: UnsafeMutablePointer<CChar>?) -> Status {
        guard !isEmpty(string) else {
            return Status(
                .invalidArgument,
                "the \(what)'s name is missing; give 1 to 64 characters of [A-Za-z0-9._-]"
            )
        }
        return Status(
            .invalidArgument,
            "the \(what)'s name '\(excerpt(string))' is not 1 to 64 characters of [A-Za-z0-9._-]; choose another"
        )
    }

    /// The beginning of a text that is refused, with a mark for each control character: a terminal may show it.
    private static func excerpt(_ string: UnsafeMutablePointer<CChar>?) -> String {
        guard !isEmpty(string), let string else { return "" }
        let bytes = UnsafeRawBufferPointer(start: string, count: firn_arena_size_of(string) - 1)
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
            scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? "\u{FFFD}" : Character(scalar)
        }
        return String(text).excerpt
    }
}
