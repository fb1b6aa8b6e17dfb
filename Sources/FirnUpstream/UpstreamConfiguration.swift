package import FirnClient

/// How to reach the daemons whose store is used.
package struct UpstreamConfiguration: Sendable {
    /// In order of preference. All have one store.
    package var addresses: [FirnAddress]
    /// The token to show; nil for none.
    package var token: String?
    package var tls = FirnTLSConfiguration()
    /// The longest that one call takes.
    package var timeout: Duration = .seconds(2)

    package init(addresses: [FirnAddress]) {
        self.addresses = addresses
    }
}
