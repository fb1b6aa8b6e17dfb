internal import NIOCore
internal import NIOPosix

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension ClientBootstrap {
    /// Connects to a daemon's address.
    func connect(to address: FirnAddress) -> EventLoopFuture<any Channel> {
        switch address.kind {
        case .unix(let path): connect(unixDomainSocketPath: path)
        case .tcp(let host, let port), .tls(let host, let port): connect(host: host, port: Int(port))
        }
    }
}

extension FirnClientError {
    /// Why connecting failed, and what to do.
    init(connectingTo address: FirnAddress, within timeout: Duration, _ cause: any Error) {
        if let cause = cause as? FirnClientError {
            self = cause
            return
        }
        let message = Self.message(connectingTo: address, within: timeout, cause)
        self.init(code: .unreachable, message: message, cause: cause)
    }

    /// Whether nothing listens at the address: there is no such socket, or the host refuses connections to the port.
    package var foundNoListener: Bool {
        guard code == .unreachable, let cause else { return false }
        return [ENOENT, ECONNREFUSED].contains(Self.systemError(of: cause))
    }

    private static func message(
        connectingTo address: FirnAddress,
        within timeout: Duration,
        _ cause: any Error
    ) -> String {
        if case .connectTimeout? = cause as? ChannelError {
            return "\(address) did not take the connection within \(timeout): see whether the daemon is well."
        }
        if let failure = cause as? NIOConnectionError, failure.connectionErrors.isEmpty {
            return "The host of \(address) has no address that could be found: see whether its name is right."
        }
        switch systemError(of: cause) {
        case ENOENT:
            return "No daemon is at \(address), for the socket does not exist: start firnd, or give its address."
        case ECONNREFUSED:
            return "No daemon listens at \(address): start firnd, or give its address."
        case EACCES, EPERM:
            return "This user may not connect to \(address): join the group of the socket, or change its mode."
        default:
            return "\(address) cannot be reached (\(cause)): see whether the address is right and the daemon is well."
        }
    }

    /// The system's error number; for a host with several addresses that of the first one.
    private static func systemError(of error: any Error) -> CInt? {
        if let failure = error as? NIOConnectionError {
            return failure.connectionErrors.first.flatMap { systemError(of: $0.error) }
        }
        return (error as? IOError)?.errnoCode
    }
}
