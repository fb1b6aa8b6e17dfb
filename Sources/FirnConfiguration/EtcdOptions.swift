package import ArgumentParser

/// The options for etcd, with `--store etcd:…`. `EtcdConfiguration` interprets them.
package struct EtcdOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What Firn's keys begin with. Default: /firn/.", valueName: "prefix"))
    package var etcdPrefix: String?

    @Option(
        help: ArgumentHelp(
            "Encrypt, and trust the authorities in this file (PEM).",
            discussion:
                "Any of the options below it turns encryption on too; the system's authorities are trusted then.",
            valueName: "path"
        )
    )
    package var etcdCa: String?

    @Option(help: ArgumentHelp("The daemon's certificate (PEM), with --etcd-key.", valueName: "path"))
    package var etcdCert: String?

    @Option(help: ArgumentHelp("The key of --etcd-cert (PEM).", valueName: "path"))
    package var etcdKey: String?

    @Option(
        help: ArgumentHelp(
            "The name in the servers' certificates. Default: the host that is connected to.",
            valueName: "name"
        )
    )
    package var etcdServerName: String?

    @Option(help: ArgumentHelp("The user, with --etcd-password-file.", valueName: "user"))
    package var etcdUser: String?

    @Option(
        help: ArgumentHelp(
            "A file with the user's password on its first line. Read again for every new token.",
            valueName: "path"
        )
    )
    package var etcdPasswordFile: String?

    @Option(
        help: ArgumentHelp(
            "The longest that one call takes. Default: 2s, or a third of the window if that is less.",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    package var etcdTimeout: DurationText?

    package init() {}
}

extension EtcdOptions {
    /// Refuses options that would have no effect.
    package func requireNone() throws(ConfigurationError) {
        let given = [
            ("prefix", etcdPrefix), ("ca", etcdCa), ("cert", etcdCert),
            ("key", etcdKey),
            ("server-name", etcdServerName), ("user", etcdUser),
            ("password-file", etcdPasswordFile),
            ("timeout", etcdTimeout?.defaultValueDescription),
        ]
        if let (name, _) = given.first(where: { $0.1 != nil }) {
            throw ConfigurationError("--etcd-\(name) needs --store etcd:HOST:PORT; without it, it would have no effect")
        }
    }
}
