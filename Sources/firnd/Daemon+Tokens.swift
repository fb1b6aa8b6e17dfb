internal import FirnConfiguration
internal import FirnServer
internal import Logging

/// Tokens: read at the start, and again on SIGHUP.
extension Daemon {
    /// - Returns: `nil` if no token is asked for.
    func openTokens() throws(ConfigurationError) -> TokenFile? {
        guard let path = configuration.tokenFile else { return nil }
        let tokens = try TokenFile(path: path, logger: logger)
        reloading.add("tokens") { try tokens.reload() }
        return tokens
    }

    /// Warns of addresses at which tokens could be read on the network.
    func warnOfClearTokens(_ addresses: [ListenAddress]) {
        let exposed = addresses.filter { $0.isBeyondLoopback }
        guard !exposed.isEmpty else { return }
        logger.warning(
            "tokens are sent in the clear to addresses that other hosts can reach; anyone who reads the network has them",
            metadata: ["addresses": "\(exposed.map(\.description).joined(separator: " "))"]
        )
    }
}
