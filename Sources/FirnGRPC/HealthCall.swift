internal import FirnServer
internal import FirnWire
internal import NIOCore

/// grpc.health.v1: the daemon as a whole (the empty name) and `firn.v1.IDService` are serving while the daemon is ready.
enum Health: UInt64 {
    case serving = 1
    case notServing = 2
    case serviceUnknown = 3

    static let services = ["", GRPCMethod.idService]

    /// A HealthCheckResponse.
    var message: [UInt8] {
        var message = ProtobufWriter()
        message.put(1, number: rawValue)
        return message.bytes
    }

    /// A HealthListResponse.
    static func list(_ health: Health) -> [UInt8] {
        var message = ProtobufWriter()
        for service in services {
            message.put(1) { entry in
                entry.put(1, text: service)
                entry.put(2, bytes: health.message)
            }
        }
        return message.bytes
    }

    /// The service of a HealthCheckRequest.
    static func service(of request: [UInt8]) throws(Status) -> String {
        var name = ""
        do {
            var reader = ProtobufReader(request)
            while let field = try reader.next() {
                guard field.number == 1 else { continue }
                guard let text = field.value.text else { throw ProtobufReader.Malformed() }
                name = text
            }
        } catch {
            throw Status(.invalidArgument, "the message is not a grpc.health.v1.HealthCheckRequest")
        }
        return name
    }
}

extension GRPCCall {
    func answerHealth(_ request: [UInt8]) throws(Status) {
        let loop = connection.loop
        if method == .listHealth {
            send(GRPCLoop.message(Health.list(loop.health)))
            return finish()
        }
        let service = try Health.service(of: request)
        let isKnown = Health.services.contains(service)
        if method == .watchHealth {
            startDeadline()
            let watch = HealthWatch(self, isKnown: isKnown)
            source = watch
            watch.pump()
            return loop.watch(watch)
        }
        guard isKnown else {
            throw Status(
                .notFound,
                "there is no service '\(service.excerpt)' here; ask for '\(GRPCMethod.idService)' or ''"
            )
        }
        send(GRPCLoop.message(loop.health.message))
        finish()
    }
}

/// A Watch: sends the state, and each other one that follows. A state that did not last until the peer reads is not sent.
final class HealthWatch: MessageSource {
    private unowned let call: GRPCCall
    private let isKnown: Bool
    private var sent: Health?
    private var isEnded = false

    init(_ call: GRPCCall, isKnown: Bool) {
        self.call = call
        self.isKnown = isKnown
    }

    func pump() {
        let loop = call.connection.loop
        let health = isKnown ? loop.health : .serviceUnknown
        guard !isEnded, health != sent, call.connection.takesMessages(of: call) else { return }
        sent = health
        call.send(GRPCLoop.message(health.message))
        loop.needsFlush(call.connection)
    }

    func callEnded() {
        isEnded = true
        call.connection.loop.stopWatching(self)
    }
}

extension GRPCLoop {
    var health: Health { mint.obstacle == nil ? .serving : .notServing }
}
