internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration

/// How daemons are asked: the timeout, the token and TLS.
struct AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file whose first token is shown to the daemon. (default: $FIRN_TOKEN, or the file $FIRN_TOKEN_FILE)",
            valueName: "path"
        )
    )
    var tokenFile: String?

    @Option(help: ArgumentHelp("How long each call to the daemon may take.", valueName: "milliseconds"))
    var timeout = 1000

    @Option(
        help: ArgumentHelp(
            "For tls: addresses, the authorities of the daemon's certificate. (default: $FIRN_TLS_CA, or the system's)",
            valueName: "path"
        )
    )
    var tlsCa: String?

    @Option(
        help: ArgumentHelp(
            "The certificate to show to the daemon. (default: $FIRN_TLS_CERT, or none)",
            valueName: "path"
        )
    )
    var tlsCert: String?

    @Option(help: ArgumentHelp("The private key of --tls-cert. (default: $FIRN_TLS_KEY)", valueName: "path"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "The name in the daemon's certificate. (default: $FIRN_TLS_SERVER_NAME, or the address's host)",
            valueName: "name"
        )
    )
    var tlsServerName: String?

    func validate() throws {
        guard (tlsCert == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-cert and --tls-key belong together; give both.")
        }
        guard (1...3_600_000).contains(timeout) else {
            throw ValidationError("The timeout \(timeout) is not from 1 to 3600000 milliseconds.")
        }
    }

    /// The configuration with what the options say.
    func clientConfiguration(
        _ configuration: FirnClientConfiguration = FirnClientConfiguration()
    ) throws -> FirnClientConfiguration {
        var configuration = configuration
        configuration.timeout = .milliseconds(timeout)
        configuration.token = try TokenOptions.token(file: tokenFile, environment: .ofProcess())
        configuration.tls.authoritiesPath = tlsCa
        configuration.tls.certificatePath = tlsCert
        configuration.tls.keyPath = tlsKey
        configuration.tls.serverName = tlsServerName
        // The user of the command wants to know at once that no daemon is running.
        configuration.circuitBreakerTripAfter = .zero
        return configuration
    }
}
