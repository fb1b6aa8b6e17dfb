/// All that a daemon counts.
package final class DaemonMeters: Sendable {
    package let server: ServerMeters
    /// One for each thread that mints for HTTP.
    package let http: [ShardMeter]
    /// One for each thread that serves the framed protocol with TLS.
    package let tls: [ShardMeter]
    /// One for each thread that mints for gRPC.
    package let grpc: [ShardMeter]
    package let store = StoreMeter()
    package let windows: WindowMeter

    package init(reactors: Int, httpThreads: Int, tlsThreads: Int = 0, grpcThreads: Int = 0, workers: Int) {
        server = ServerMeters(reactors: reactors)
        http = (0..<httpThreads).map { _ in ShardMeter() }
        tls = (0..<tlsThreads).map { _ in ShardMeter() }
        grpc = (0..<grpcThreads).map { _ in ShardMeter() }
        windows = WindowMeter(places: workers)
    }
}

/// All that a server counts.
package final class ServerMeters: Sendable {
    /// One per reactor.
    package let shards: [ShardMeter]
    package let acceptor = AcceptorMeter()

    package init(reactors: Int) {
        shards = (0..<reactors).map { _ in ShardMeter() }
    }
}
