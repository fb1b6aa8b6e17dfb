#if !TLS
    package import FirnNIO
    package import FirnServer
    package import Logging

    /// Replaces the types of a build with the trait TLS, so that other files need no conditions. Their initializers throw.
    package struct TLSMaterial: Sendable {
        package init(_: TLSFiles) throws(TLSError) { throw .builtWithoutTLS }

        package static var nowUnixSeconds: Int64 { 0 }

        package func warnings(nowUnixSeconds _: Int64) -> [String] { noneIsMade() }
    }

    package final class ServerCertificates: Sendable {
        package init(_: TLSFiles, doors _: [Door], meter _: TLSMeter, logger _: Logger) throws(TLSError) {
            throw .builtWithoutTLS
        }

        package var meter: TLSMeter { noneIsMade() }
        package var reading: TLSReading { noneIsMade() }
        package var haveChanged: Bool { noneIsMade() }

        @discardableResult
        package func reload() throws(TLSError) -> Bool { noneIsMade() }
        package func reloadChanged() {}

        package func security(of _: Door, handshakeTimeout _: Duration) -> ChannelSecurity { noneIsMade() }
    }

    package final class FramedServer: Sendable {
        package init(
            listeners _: [Listener],
            source _: MintSource,
            threads _: Int,
            limiter _: ConnectionLimiter,
            tokens _: TokenGate?,
            security _: ChannelSecurity,
            meter _: TLSMeter,
            logger _: Logger
        ) throws {
            throw TLSError.builtWithoutTLS
        }

        package func requestHeartbeat() {}
        package var hasHeartbeat: Bool { noneIsMade() }
        package var beats: [UInt64] { noneIsMade() }
        package func drain() {}
        package func join() {}
    }

    private func noneIsMade() -> Never {
        preconditionFailure("a build without TLS makes no part of it")
    }

    extension TLSError {
        /// The error for `--listen tls:…` and `--tls-cert` in such a build.
        package static let builtWithoutTLS = TLSError(
            "TLS is asked for, and this program was built without it; build it with TLS by 'scripts/build-release firnd firn' "
                + "or 'swift build -c release'"
        )
    }
#endif
