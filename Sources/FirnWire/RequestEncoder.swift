internal import CFirnProto

extension FrameBuffer {
    /// Appends a request as a frame.
    ///
    /// - Precondition: the method is one of the five that can be requested.
    package func appendRequest(_ request: Request) {
        switch request.method {
        case .nextID:
            var method = Firn__V1__NextIDRequest()
            firn__v1__next_idrequest__init(&method)
            append(request, FIRN__V1__REQUEST__METHOD_NEXT_ID, &method) { $0.next_id = $1 }
        case .nextBatch(let count):
            var method = Firn__V1__NextBatchRequest()
            firn__v1__next_batch_request__init(&method)
            method.count = count
            append(request, FIRN__V1__REQUEST__METHOD_NEXT_BATCH, &method) { $0.next_batch = $1 }
        case .nextTickets(let sequence, let count):
            sequence.description.withCString { name in
                var method = Firn__V1__NextTicketsRequest()
                firn__v1__next_tickets_request__init(&method)
                method.sequence = UnsafeMutablePointer(mutating: name)
                method.count = count
                append(request, FIRN__V1__REQUEST__METHOD_NEXT_TICKETS, &method) { $0.next_tickets = $1 }
            }
        case .newPrefix(let service):
            service.description.withCString { name in
                var method = Firn__V1__NewPrefixRequest()
                firn__v1__new_prefix_request__init(&method)
                method.service = UnsafeMutablePointer(mutating: name)
                append(request, FIRN__V1__REQUEST__METHOD_NEW_PREFIX, &method) { $0.new_prefix = $1 }
            }
        case .describe:
            var method = Firn__V1__DescribeRequest()
            firn__v1__describe_request__init(&method)
            append(request, FIRN__V1__REQUEST__METHOD_DESCRIBE, &method) { $0.describe = $1 }
        case .createSequence(let sequence):
            sequence.withMessage { message in
                var method = Firn__V1__CreateSequenceRequest()
                firn__v1__create_sequence_request__init(&method)
                method.sequence = message
                append(request, FIRN__V1__REQUEST__METHOD_CREATE_SEQUENCE, &method) { $0.create_sequence = $1 }
            }
        case .listSequences(let after):
            (after?.description ?? "").withCString { name in
                var method = Firn__V1__ListSequencesRequest()
                firn__v1__list_sequences_request__init(&method)
                method.after = UnsafeMutablePointer(mutating: name)
                append(request, FIRN__V1__REQUEST__METHOD_LIST_SEQUENCES, &method) { $0.list_sequences = $1 }
            }
        case .lease(.begin(let beginning)):
            appendLeaseWorker(request, beginning)
        case .lease(.extend(let hold, let token, let limitTick)):
            Self.withMessage(of: hold) { lease, tokens, count in
                var method = Firn__V1__ExtendLeaseRequest()
                firn__v1__extend_lease_request__init(&method)
                method.lease = lease
                method.n_unanswered_tokens = count
                method.unanswered_tokens = tokens
                method.next_token = token
                method.limit_tick = limitTick
                append(request, FIRN__V1__REQUEST__METHOD_EXTEND_LEASE, &method, room: 10 * count) {
                    $0.extend_lease = $1
                }
            }
        case .lease(.release(let hold, let firstUnusedTick)):
            Self.withMessage(of: hold) { lease, tokens, count in
                var method = Firn__V1__ReleaseLeaseRequest()
                firn__v1__release_lease_request__init(&method)
                method.lease = lease
                method.n_unanswered_tokens = count
                method.unanswered_tokens = tokens
                method.first_unused_tick = firstUnusedTick
                append(request, FIRN__V1__REQUEST__METHOD_RELEASE_LEASE, &method, room: 10 * count) {
                    $0.release_lease = $1
                }
            }
        case .store(let call):
            call.withMessage { method in
                append(request, FIRN__V1__REQUEST__METHOD_STORE, &method, room: call.maximumLength) { $0.store = $1 }
            }
        case .authenticate(let token):
            (token.bytes + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    var method = Firn__V1__AuthenticateRequest()
                    firn__v1__authenticate_request__init(&method)
                    method.token = UnsafeMutablePointer(mutating: text.baseAddress)
                    append(request, FIRN__V1__REQUEST__METHOD_AUTHENTICATE, &method, room: token.bytes.count) {
                        $0.authenticate = $1
                    }
                }
            }
        case .unknown, .refused:
            preconditionFailure("a client asks only for what the wire has a method for")
        }
    }

    private func appendLeaseWorker(_ request: Request, _ beginning: LeaseCall.Beginning) {
        let room = beginning.host.utf8.count + beginning.pod.utf8.count + 64
        beginning.name.description.withCString { name in
            beginning.host.withCString { host in
                beginning.pod.withCString { pod in
                    var method = Firn__V1__LeaseWorkerRequest()
                    firn__v1__lease_worker_request__init(&method)
                    method.name = UnsafeMutablePointer(mutating: name)
                    method.host = UnsafeMutablePointer(mutating: host)
                    method.pod = UnsafeMutablePointer(mutating: pod)
                    method.pid = beginning.pid
                    method.window_ms = beginning.windowMilliseconds
                    method.not_before_tick = beginning.notBeforeTick
                    method.unix_ms = beginning.unixMilliseconds
                    append(request, FIRN__V1__REQUEST__METHOD_LEASE_WORKER, &method, room: room) {
                        $0.lease_worker = $1
                    }
                }
            }
        }
    }

    /// Calls `body` with a lease's message and the tokens; the pointers are valid during the call.
    private static func withMessage(
        of hold: LeaseCall.Hold,
        _ body: (UnsafeMutablePointer<Firn__V1__Lease>, UnsafeMutablePointer<UInt64>?, Int) -> Void
    ) {
        var tokens = hold.unansweredTokens
        hold.lease.withMessage { lease in
            tokens.withUnsafeMutableBufferPointer { tokens in body(lease, tokens.baseAddress, tokens.count) }
        }
    }

    private func append<Method>(
        _ request: Request,
        _ methodCase: Firn__V1__Request__MethodCase,
        _ method: inout Method,
        room: Int = 0,
        _ set: (inout Firn__V1__Request, UnsafeMutablePointer<Method>) -> Void
    ) {
        withUnsafeMutablePointer(to: &method) { pointer in
            var message = Firn__V1__Request()
            firn__v1__request__init(&message)
            message.call_id = request.callID
            message.timeout_ms = request.timeoutMilliseconds
            message.method_case = methodCase
            set(&message, pointer)
            // The call, the timeout, the method's header; and the largest method, a sequence.
            let maximumLength = 48 + SequenceDescription.maximumMessageLength + room
            appendUninitialized(Frame.headerLength + maximumLength) { free in
                let body = free.baseAddress! + Frame.headerLength
                let length = firn__v1__request__pack(&message, body.assumingMemoryBound(to: UInt8.self))
                free.storeBytes(of: UInt32(length).bigEndian, as: UInt32.self)
                return Frame.headerLength + length
            }
        }
    }
}
