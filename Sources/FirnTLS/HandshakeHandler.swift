#if TLS
    internal import FirnServer
    internal import FirnStore
    internal import Logging
    internal import NIOCore
    internal import NIOSSL
    internal import NIOTLS

    /// Stands behind TLS's handler: ends handshakes that take too long, refuses clients whose certificate has none of the
    /// allowed names, and counts and logs both, and all other failures.
    final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer

        private enum Phase {
            case handshaking
            case open
            case refused
        }

        private let tls: NIOSSLServerHandler
        private let door: Door
        private let certificates: ServerCertificates
        private let timeout: TimeAmount
        private var phase = Phase.handshaking
        private var timer: Scheduled<Void>?

        init(
            _ tls: NIOSSLServerHandler,
            door: Door,
            certificates: ServerCertificates,
            timeout: TimeAmount
        ) {
            self.tls = tls
            self.door = door
            self.certificates = certificates
            self.timeout = timeout
        }

        func handlerAdded(context: ChannelHandlerContext) {
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
                timer = nil
                guard phase == .handshaking else { return }
                fail("a TLS handshake was not finished in time", context)
                context.close(promise: nil)
            }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            timer?.cancel()
            timer = nil
        }

        func channelInactive(context: ChannelHandlerContext) {
            if phase == .handshaking {
                fail("a TLS handshake failed", context, ["error": "the peer closed the connection"])
            }
            context.fireChannelInactive()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard phase == .handshaking, case .handshakeCompleted? = event as? TLSUserEvent else {
                return context.fireUserInboundEventTriggered(event)
            }
            timer?.cancel()
            timer = nil
            guard isAllowed else {
                fail(
                    "a client was refused, for its certificate has none of the names of --tls-allow-name",
                    context,
                    ["names": "\(names.prefix(4).joined(separator: " "))"]
                )
                return context.close(promise: nil)
            }
            phase = .open
            context.fireUserInboundEventTriggered(event)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if phase != .refused { context.fireChannelRead(data) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            switch phase {
            case .handshaking:
                fail("a TLS handshake failed", context, ["error": "\(TLSErrorText.words("\(error)"))"])
                context.close(promise: nil)
            case .open:
                // The end of the input follows. Peers that end without saying so in TLS are many, and a frame or a
                // request shows by itself whether it is whole.
                if case .uncleanShutdown? = error as? NIOSSLError { return }
                context.fireErrorCaught(error)
            case .refused:
                break
            }
        }

        /// The daemon's log leaves out lines when a message is repeated.
        private func fail(_ message: Logger.Message, _ context: ChannelHandlerContext, _ facts: Logger.Metadata = [:]) {
            phase = .refused
            certificates.meter.failedHandshake(at: door)
            var metadata = facts
            metadata["door"] = "\(door.name)"
            if let address = context.channel.remoteAddress?.ipAddress { metadata["peer"] = "\(address)" }
            certificates.logger.notice(message, metadata: metadata)
        }

        // MARK: - Allowed names

        private var isAllowed: Bool {
            let allowed = certificates.files.allowedNames
            return allowed.isEmpty || names.contains(where: allowed.contains)
        }

        /// The client's names: DNS names and URIs.
        private var names: [String] {
            guard let certificate = tls.peerCertificate else { return [] }
            return certificate._subjectAlternativeNames().compactMap { name in
                guard name.nameType == .dnsName || name.nameType == .uri else { return nil }
                return name.contents.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
            }
        }
    }
#endif
