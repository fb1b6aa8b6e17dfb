package import ArgumentParser

/// The options for the daemons whose store is used, with `--store firn:…`.
package struct UpstreamOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file whose first token is shown to the daemons; it allows store.",
            valueName: "path"
        )
    )
    package var upstreamTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "For tls: addresses, the authorities of the daemons' certificates (PEM). Default: the system's.",
            valueName: "path"
        )
    )
    package var upstreamCa: String?

    @Option(help: ArgumentHelp("The certificate to show (PEM), with --upstream-key.", valueName: "path"))
    package var upstreamCert: String?

    @Option(help: ArgumentHelp("The key of --upstream-cert (PEM).", valueName: "path"))
    package var upstreamKey: String?

    @Option(
        help: ArgumentHelp(
            "The name in the daemons' certificates. Default: the host that is connected to.",
            valueName: "name"
        )
    )
    package var upstreamServerName: String?

    @Option(
        help: ArgumentHelp(
            "The longest that one call takes. Default: 2s, or a third of the window if that is less.",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    package var upstreamTimeout: DurationText?

    package init() {}
}

extension UpstreamOptions {
    /// Refuses options that would have no effect.
    package func requireNone() throws(ConfigurationError) {
        let given = [
            ("token-file", upstreamTokenFile), ("ca", upstreamCa), ("cert", upstreamCert), ("key", upstreamKey),
            ("server-name", upstreamServerName), ("timeout", upstreamTimeout?.defaultValueDescription),
        ]
        if let (name, _) = given.first(where: { $0.1 != nil }) {
            throw ConfigurationError(
                "--upstream-\(name) needs --store firn:ADDRESS; without it, it would have no effect"
            )
        }
    }
}
