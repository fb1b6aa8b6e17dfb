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
