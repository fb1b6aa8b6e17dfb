#if TLS
    package import FirnNIO
    package import FirnServer
    internal import FirnWire
    package import Logging
    internal import NIOCore

    /// The framed protocol over TLS: ``FirnServer``'s sessions in channels of SwiftNIO. It has its own event loops; each
    /// mints from its own shards.
    ///
    /// The reactors of `Server` stay without TLS: BoringSSL's connections want a host that is made for them, and what is
    /// slower is the encryption, not the host.
    package final class FramedServer: Sendable {
        private let loops: ServingLoops<FramedLoop>

        /// Bytes per read. One read's frames may wait for a peer to read its answers.
        private static let readLength = 16 * 1024

        /// Starts serving.
        ///
        /// - Parameters:
        ///   - listeners: the sockets; each is served until ``drain()``.
        ///   - source: what IDs are minted from.
        ///   - limiter: counts the connections of this and of all other servers of the framed protocol.
        ///   - tokens: asked for before any call; nil: none is.
        ///   - security: gives the connections TLS.
        ///   - meter: counts the accepted and refused connections.
        package init(
            listeners: [Listener],
            source: MintSource,
            threads: Int,
            limiter: ConnectionLimiter,
            tokens: TokenGate?,
            security: ChannelSecurity,
            meter: TLSMeter,
            logger: Logger
        ) throws {
            precondition(!listeners.isEmpty, "a server has a socket")
            loops = try ServingLoops(threads: threads) { place in
                FramedLoop(
                    place,
                    host: source.sessions(thread: place.index, of: threads, listener: place.wakeup),
                    limiter: limiter,
                    tokens: tokens
                )
            }
            let limits = source.limits
            let buffers = ChannelBuffers(
                firstRead: 1024,
                maximumRead: Self.readLength,
                unsent: limits.maximumUnsentBytes / 4...limits.maximumUnsentBytes / 2
            )
            let door = Accepting(
                reserve: limits.descriptorReserve,
                limiter: limiter,
                security: security,
                meter: meter,
                logger: logger
            )
            for listener in listeners {
                try loops.serve(listener, "TLS", buffers: buffers, logger: logger) { try door.welcome($0, $1) }
            }
        }

        package func requestHeartbeat() { loops.requestHeartbeat() }
        package var hasHeartbeat: Bool { loops.hasHeartbeat }
        package var beats: [UInt64] { loops.beats }

        /// Accepts no more connections, sends every peer a GoAway, answers what was received, and closes.
        package func drain() { loops.drain() }

        /// Waits until the last connection is closed, after ``drain()``.
        package func join() { loops.join() }
    }

    /// Closes the connections that are too many. They are told nothing: a refusal that they could read would take a
    /// handshake.
    private struct Accepting: Sendable {
        let reserve: DescriptorReserve
        let limiter: ConnectionLimiter
        let security: ChannelSecurity
        let meter: TLSMeter
        let logger: Logger

        func welcome(_ channel: any Channel, _ loop: FramedLoop) throws {
            if channel.isShort(of: reserve, isAdmin: false) {
                return refuse(channel, "the daemon has no descriptors left but those that it keeps for its store")
            }
            if let refusal = limiter.enter(user: nil) { return refuse(channel, refusal.message) }
            meter.accepted()
            do {
                try security.secure(channel)
            } catch {
                limiter.leave(user: nil)
                throw error
            }
            try loop.open(channel)
        }

        private func refuse(_ channel: any Channel, _ reason: String) {
            meter.refused()
            logger.notice("a TLS connection was refused", metadata: ["reason": "\(reason)"])
            channel.close(promise: nil)
        }
    }
#endif
