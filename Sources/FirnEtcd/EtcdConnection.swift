internal import FirnStore
internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import GRPCProtobuf
internal import NIOCore
internal import SwiftProtobuf
internal import Synchronization

/// One endpoint's connection, made by the first call and kept open.
///
/// It is not used again after a call on it failed: its owner makes a new one, which resolves the name and reads the
/// certificates again. So no call waits for a peer that has disappeared without closing the connection, and the
/// library's own delays between attempts, which grow to minutes, have no effect.
final class EtcdConnection: Sendable {
    /// How many calls one connection is used for.
    ///
    /// etcd may send a ping for each call, to measure the connection (gRPC for Go does), and may reset the stream of a
    /// call that it answered before it saw the request's end. SwiftNIO closes a connection with more than 200 pings or
    /// resets in 30 s, as a protection against attacks, and all calls on it fail. To open a new connection regularly is
    /// cheaper.
    static let maximumCalls = 150

    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    private let running: Task<Void, Never>
    private let isOver = Atomic(false)

    init(
        to endpoint: EtcdEndpoint,
        _ configuration: EtcdConfiguration,
        on eventLoop: any EventLoop,
        _ executor: EventLoopExecutor
    ) throws {
        var transport = HTTP2ClientTransport.Posix.Config.defaults
        // It waits 100 µs for more data to send, but here there rarely is more.
        transport.connection.flushCoalescing = nil
        transport.http2.authority = configuration.tls?.serverName
        let client = GRPCClient(
            transport: try HTTP2ClientTransport.Posix(
                target: endpoint.target,
                transportSecurity: configuration.tls?.security ?? .plaintext,
                config: transport,
                eventLoopGroup: eventLoop
            )
        )
        self.client = client
        running = Task(executorPreference: executor) { try? await client.runConnections() }
    }

    /// Takes no more calls. Those in progress may end.
    func retire() {
        isOver.store(true, ordering: .releasing)
        client.beginGracefulShutdown()
    }

    /// Whether a call that could not be made here should be tried on another connection to the same endpoint.
    var isRetired: Bool { isOver.load(ordering: .acquiring) }

    /// Takes no more calls, and fails those in progress.
    func close() {
        retire()
        running.cancel()
    }

    /// Returns when a retired connection is completely closed.
    func ended() async {
        await running.value
    }

    deinit { close() }

    /// Makes one call.
    ///
    /// - Parameters:
    ///   - willSend: called when the connection is established, right before the request is passed to it. If it throws,
    ///     nothing is sent; if it is never called, nothing was sent.
    func call<Request: Message, Response: Message>(
        _ method: EtcdMethod,
        _ request: Request,
        token: String?,
        willSend: @escaping @Sendable () throws -> Void
    ) async throws -> Response {
        var metadata = Metadata()
        if let token { metadata.addString(token, forKey: "token") }
        return try await client.clientStreaming(
            request: StreamingClientRequest(metadata: metadata) { writer in
                try willSend()
                try await writer.write(request)
            },
            descriptor: method.descriptor,
            serializer: ProtobufSerializer<Request>(),
            deserializer: ProtobufDeserializer<Response>(),
            options: .defaults
        ) { response in try response.message }
    }
}

/// The calls of etcd's API that Firn makes; proto/etcd/rpc.proto has their messages. For three calls, a generated
/// client would be longer than this.
enum EtcdMethod {
    case range, transaction, authenticate
    /// A transaction that only reads.
    case readTransaction

    /// Whether it may change what etcd stores, so that it must not be made twice.
    var mayWrite: Bool { self == .transaction }

    var descriptor: MethodDescriptor {
        switch self {
        case .range: MethodDescriptor(fullyQualifiedService: "etcdserverpb.KV", method: "Range")
        case .transaction, .readTransaction: MethodDescriptor(fullyQualifiedService: "etcdserverpb.KV", method: "Txn")
        case .authenticate: MethodDescriptor(fullyQualifiedService: "etcdserverpb.Auth", method: "Authenticate")
        }
    }
}

extension EtcdEndpoint {
    fileprivate var target: any ResolvableTarget {
        if host.contains(":") { return .ipv6(address: host, port: Int(port)) }
        let isAddress = host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || ($0 >= 0x30 && $0 <= 0x39) }
        return isAddress ? .ipv4(address: host, port: Int(port)) : .dns(host: host, port: Int(port))
    }
}

extension EtcdConfiguration.TLS {
    fileprivate var security: HTTP2ClientTransport.Posix.TransportSecurity {
        .tls { tls in
            if let authoritiesPath {
                tls.trustRoots = .certificates([.file(path: authoritiesPath, format: .pem)])
            }
            if let certificate {
                tls.certificateChain = [.file(path: certificate.path, format: .pem)]
                tls.privateKey = .file(path: certificate.keyPath, format: .pem)
            }
        }
    }
}
