internal import NIOCore

#if TLS
    internal import NIOSSL
    internal import NIOTLS
#endif

extension Channel {
    /// Makes a TLS handshake if the address wants one.
    ///
    /// - Returns: This channel, once it can be used. It is closed when the handshake fails or is not finished in time.
    func secured(
        as address: FirnAddress,
        _ configuration: FirnTLSConfiguration,
        by deadline: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        #if TLS
            if case .tls(let host, _) = address.kind {
                return handshake(with: address, host: host, configuration.completed(), by: deadline)
            }
        #endif
        return eventLoop.makeSucceededFuture(self)
    }
}

#if TLS
    extension Channel {
        private func handshake(
            with address: FirnAddress,
            host: String,
            _ configuration: FirnTLSConfiguration,
            by deadline: NIODeadline
        ) -> EventLoopFuture<any Channel> {
            let promise = eventLoop.makePromise(of: (any Channel).self)
            promise.futureResult.whenFailure { _ in self.close(promise: nil) }
            do {
                let context = try configuration.context(for: address)
                let name = ServerName(configuration.serverName ?? host)
                let tls = try NIOSSLClientHandler(context: context, serverHostname: name.inHandshake)
                let waiter = HandshakeWaiter(promise, tls, with: name, of: address, by: deadline)
                try pipeline.syncOperations.addHandlers([tls, waiter])
                try syncOptions?.setOption(.autoRead, value: true)
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }
    }

    /// Waits for a handshake, then removes itself.
    private final class HandshakeWaiter: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer

        private let tls: NIOSSLClientHandler
        private let name: ServerName
        private let address: FirnAddress
        private let deadline: NIODeadline
        private var promise: EventLoopPromise<any Channel>?
        private var timer: Scheduled<Void>?

        init(
            _ promise: EventLoopPromise<any Channel>,
            _ tls: NIOSSLClientHandler,
            with name: ServerName,
            of address: FirnAddress,
            by deadline: NIODeadline
        ) {
            self.promise = promise
            self.tls = tls
            self.name = name
            self.address = address
            self.deadline = deadline
        }

        func handlerAdded(context: ChannelHandlerContext) {
            timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
                fail("was not finished in time: see whether the daemon is well", nil)
            }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            timer?.cancel()
            fail("was cut off: see the daemon's log", nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted? = event as? TLSUserEvent, let promise {
                guard tls.peerCertificate.map(name.isOne(of:)) == true else {
                    return fail(
                        "failed: the daemon's certificate does not have the name \(name.text.quoted): give the name that it "
                            + "has, or the daemon another certificate",
                        nil
                    )
                }
                self.promise = nil
                timer?.cancel()
                // The connection's handler is added before more is read.
                promise.succeed(context.channel)
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            guard promise != nil else { return context.fireErrorCaught(error) }
            fail("failed \(Self.words(for: "\(error)"))", error)
        }

        /// What to do, by the reasons that BoringSSL names.
        private static func words(for error: String) -> String {
            if error.contains("WRONG_VERSION_NUMBER") {
                return "(WRONG_VERSION_NUMBER): there is no TLS at this address: write tcp: in place of tls:, or give "
                    + "the address of a socket with TLS"
            }
            if error.contains("CERTIFICATE_VERIFY_FAILED") {
                return "(CERTIFICATE_VERIFY_FAILED): the daemon's certificate is of none of the trusted authorities, "
                    + "or has expired: give the authority that signed it, or the daemon another certificate"
            }
            return "(\(error)): see whether the authorities, the certificates and the server's name are right"
        }

        func channelInactive(context: ChannelHandlerContext) {
            fail("was cut off: see the daemon's log", nil)
            context.fireChannelInactive()
        }

        private func fail(_ what: String, _ cause: (any Error)?) {
            guard let promise else { return }
            self.promise = nil
            promise.fail(
                FirnClientError(code: .unreachable, message: "The TLS handshake with \(address) \(what).", cause: cause)
            )
        }
    }

    extension FirnTLSConfiguration {
        fileprivate func context(for address: FirnAddress) throws -> NIOSSLContext {
            do {
                return try NIOSSLContext(configuration: forNIO(address))
            } catch NIOSSLError.failedToLoadPrivateKey {
                throw FirnClientError(
                    code: .invalidAddress,
                    message: "The key \((keyPath ?? "").quoted) is not that of the certificate "
                        + "\((certificatePath ?? "").quoted): give two files that belong together."
                )
            }
        }

        /// The configuration for SwiftNIO. Reads the files.
        fileprivate func forNIO(_ address: FirnAddress) throws -> TLSConfiguration {
            var result = TLSConfiguration.makeClientConfiguration()
            result.minimumTLSVersion = .tlsv12
            result.shutdownTimeout = .seconds(1)
            if let authoritiesPath {
                result.trustRoots = .certificates(try Self.certificates(authoritiesPath, "authorities"))
            }
            switch (certificatePath, keyPath) {
            case (nil, nil): break
            case (let path?, let keyPath?):
                result.certificateChain = try Self.certificates(path, "client certificate").map { .certificate($0) }
                guard let key = try? NIOSSLPrivateKey(file: keyPath, format: .pem) else {
                    throw Self.unusable(
                        "The key of the client certificate",
                        keyPath,
                        "no private key in PEM form without a password"
                    )
                }
                result.privateKey = .privateKey(key)
            default:
                throw FirnClientError(
                    code: .invalidAddress,
                    message: "A client certificate and its key belong together: give both for \(address)."
                )
            }
            return result
        }

        private static func certificates(_ path: String, _ what: String) throws -> [NIOSSLCertificate] {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
                throw unusable("The file of the \(what)", path, "no certificate in PEM form")
            }
            return certificates
        }

        private static func unusable(_ what: String, _ path: String, _ lack: String) -> FirnClientError {
            FirnClientError(
                code: .invalidAddress,
                message: "\(what) \(path.quoted) cannot be read, or holds \(lack): give the right one."
            )
        }
    }
#endif
