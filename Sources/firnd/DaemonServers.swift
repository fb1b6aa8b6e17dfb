internal import FirnHTTP
internal import FirnServer
internal import FirnTLS

#if GRPC
    internal import FirnGRPC
#endif

/// The servers that run: of the framed protocol, and of what else is configured.
struct DaemonServers: Sendable {
    let frames: Server
    let http: HTTPServer?
    let tls: FramedServer?
    let grpc: GRPCServer?

    func requestHeartbeat() {
        frames.requestHeartbeat()
        http?.requestHeartbeat()
        tls?.requestHeartbeat()
        grpc?.requestHeartbeat()
    }

    /// Whether every thread has answered the last request.
    var hasHeartbeat: Bool {
        frames.hasHeartbeat && http?.hasHeartbeat != false && tls?.hasHeartbeat != false && grpc?.hasHeartbeat != false
    }

    /// How often each thread has answered.
    var beats: [(thread: String, count: UInt64)] {
        Self.named("reactor", frames.beats) + Self.named("HTTP thread", http?.beats)
            + Self.named("TLS thread", tls?.beats)
            + Self.named("gRPC thread", grpc?.beats)
    }

    private static func named(_ kind: String, _ beats: [UInt64]?) -> [(thread: String, count: UInt64)] {
        (beats ?? []).enumerated().map { (thread: "\(kind) \($0)", count: $1) }
    }

    /// Accepts no more, and has each connection end.
    func drain() {
        frames.drain()
        http?.drain()
        tls?.drain()
        grpc?.drain()
    }

    /// Waits for the end of the last connection.
    func join() {
        frames.join()
        http?.join()
        tls?.join()
        grpc?.join()
    }
}
