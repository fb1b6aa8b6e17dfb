internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration

/// The daemon's address, and how it is asked.
struct DaemonOptions: ParsableArguments {
    @Option(
        help:
            "The daemon's address: unix:PATH, tcp:HOST:PORT or tls:HOST:PORT. (default: $FIRN_ADDRESS, or firnd's own default)"
    )
    var address: String?

    @OptionGroup var access: AccessOptions

    /// Runs `body` with a client of the daemon, and reports errors.
    func withClient(
        configuration: FirnClientConfiguration = FirnClientConfiguration(),
        _ body: (FirnClient) async throws -> Void
    ) async throws {
        try await reportingErrors {
            let configuration = try access.clientConfiguration(configuration)
            try await withFirnClient(address: try resolvedAddress, configuration: configuration, body)
        }
    }

    var resolvedAddress: FirnAddress {
        get throws {
            let given = address ?? Environment.ofProcess()["FIRN_ADDRESS"]
            return try given.map { try FirnAddress(parsing: $0) } ?? .default()
        }
    }
}
