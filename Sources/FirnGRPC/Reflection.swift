internal import FirnWire
internal import NIOCore

/// grpc.reflection, v1 and v1alpha, which have the same messages: tells clients such as grpcurl what services there are.
/// Pure.
struct Reflection {
    /// Made for the first request.
    private static let index: DescriptorIndex = {
        do {
            return try DescriptorIndex(fileDescriptorSet)
        } catch {
            preconditionFailure("scripts/generate has written a descriptor set")
        }
    }()

    /// The answer to a ServerReflectionRequest.
    ///
    /// - Throws: a ``Status`` when the bytes are not such a message, which ends the call.
    func answer(_ request: [UInt8]) throws(Status) -> [UInt8] {
        var host = ""
        var query: ProtobufReader.Field?
        do {
            var reader = ProtobufReader(request)
            while let field = try reader.next() {
                if field.number == 1 { host = field.value.text ?? "" } else { query = field }
            }
        } catch {
            throw Self.malformed
        }
        var answer = ProtobufWriter()
        answer.put(1, text: host)
        answer.put(2, bytes: request)
        guard let query else { throw Self.malformed }
        try respond(to: query, &answer)
        return answer.bytes
    }

    private func respond(to query: ProtobufReader.Field, _ answer: inout ProtobufWriter) throws(Status) {
        let index = Self.index
        switch query.number {
        case 3:
            let name = try text(of: query)
            putFile(index.files[name], "there is no file '\(name.excerpt)' here", &answer)
        case 4:
            let symbol = try text(of: query)
            putFile(index.file(of: symbol), "there is no symbol '\(symbol.excerpt)' here", &answer)
        case 5:
            putError(.notFound, "no message has extensions here", &answer)
        case 6:
            let type = try text(of: query)
            guard index.messages.contains(type) else {
                return putError(.notFound, "there is no message '\(type.excerpt)' here", &answer)
            }
            answer.put(5) { $0.put(1, text: type) }
        case 7:
            answer.put(6) { list in
                for service in index.services { list.put(1) { $0.put(1, text: service) } }
            }
        default:
            putError(.unimplemented, "the request's kind \(query.number) is not known to this daemon", &answer)
        }
    }

    private func text(of query: ProtobufReader.Field) throws(Status) -> String {
        guard let text = query.value.text else { throw Self.malformed }
        return text
    }

    private func putFile(_ file: DescriptorIndex.File?, _ error: String, _ answer: inout ProtobufWriter) {
        guard let file else { return putError(.notFound, error, &answer) }
        answer.put(4) { $0.put(1, bytes: file.bytes) }
    }

    private func putError(_ code: Status.Code, _ message: String, _ answer: inout ProtobufWriter) {
        answer.put(7) { error in
            error.put(1, number: UInt64(StatusMessage.number(of: code)))
            error.put(2, text: message)
        }
    }

    private static var malformed: Status {
        Status(.invalidArgument, "the message is not a grpc.reflection.v1.ServerReflectionRequest with a question")
    }
}

extension GRPCCall {
    /// Answers one message of a reflection.
    func converse(_ message: ByteBuffer) {
        do throws(Status) {
            // Answers are much longer than questions: a peer that does not read must not make them pile up.
            guard !connection.isFull else {
                throw Status(
                    .resourceExhausted,
                    "the answers to earlier questions were not read; read them before the next"
                )
            }
            send(GRPCLoop.message(try connection.loop.reflection.answer(Array(message.readableBytesView))))
        } catch {
            fail(error)
        }
    }
}
