/// How a client checks a daemon's certificate, and which one it shows, for addresses that begin with `tls:`.
///
/// The files are read for each new connection, so one that is replaced is used from then on. All are in PEM form.
public struct FirnTLSConfiguration: Sendable, Hashable {
    /// The authorities that may have signed the daemon's certificate. `$FIRN_TLS_CA` when not set, else the system's.
    public var authoritiesPath: String?

    /// The client's certificate, followed by those of the authorities between it and the root; `$FIRN_TLS_CERT` when not set,
    /// else none. Daemons with `--tls-client-ca` want one.
    public var certificatePath: String?

    /// The private key of the client's certificate, without a password; `$FIRN_TLS_KEY` when not set.
    public var keyPath: String?

    /// The name that the daemon's certificate must have; `$FIRN_TLS_SERVER_NAME` when not set, else the address's host.
    public var serverName: String?

    /// Makes the configuration of the environment.
    public init() {}

    /// The same with what is not set taken from the environment.
    func completed(
        environment: (String) -> String? = FirnAddress.environmentVariable(named:)
    ) -> FirnTLSConfiguration {
        func value(_ own: String?, _ variable: String) -> String? {
            if let own { return own }
            guard let value = environment(variable), !value.isEmpty else { return nil }
            return value
        }
        var result = self
        result.authoritiesPath = value(authoritiesPath, "FIRN_TLS_CA")
        // A certificate and its key are of one place: half of a pair would be another pair's.
        if certificatePath == nil, keyPath == nil {
            result.certificatePath = value(nil, "FIRN_TLS_CERT")
            result.keyPath = value(nil, "FIRN_TLS_KEY")
        }
        result.serverName = value(serverName, "FIRN_TLS_SERVER_NAME")
        return result
    }
}
