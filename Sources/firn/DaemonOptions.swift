internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration

/// The daemon's address, and the timeout.
struct DaemonOptions: ParsableArguments {
    @Option(help: "The daemon's address: unix:PATH or tcp:HOST:PORT. (default: $FIRN_ADDRESS, or firnd's own default)")
    var address: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first token is shown to the daemon. (default: $FIRN_TOKEN, or the file $FIRN_TOKEN_FILE)",
            valueName: "path"
        )
    )
    var tokenFile: String?

    @Option(help: ArgumentHelp("How long each call to the daemon may take.", valueName: "milliseconds"))
    var timeout = 1000

    func validate() throws {
        guard (1...3_600_000).contains(timeout) else {
            throw ValidationError("The timeout \(timeout) is not from 1 to 3600000 milliseconds.")
        }
    }

    /// Runs `body` with a client of the daemon, and reports errors.
    func withClient(
        configuration: FirnClientConfiguration = FirnClientConfiguration(),
        _ body: (FirnClient) async throws -> Void
    ) async throws {
        try await reportingErrors {
            var configuration = configuration
            configuration.timeout = .milliseconds(timeout)
            configuration.token = try TokenOptions.token(file: tokenFile, environment: .ofProcess())
            // The user of the command wants to know at once that no daemon is running.
            configuration.circuitBreakerTripAfter = .zero
            try await withFirnClient(address: try resolvedAddress, configuration: configuration, body)
        }
    }

    private var resolvedAddress: FirnAddress {
        get throws {
            let given = address ?? Environment.ofProcess()["FIRN_ADDRESS"]
            return try given.map { try FirnAddress(parsing: $0) } ?? .default()
        }
    }
}
