internal import ArgumentParser

/// The certificates of all addresses that begin with `tls:`, and who may connect there.
struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server's certificate in PEM form, with those that signed it, for addresses that begin with tls:.",
            discussion: "The files are read again when they change; connections that are open go on.",
            valueName: "path"
        )
    )
    var tlsCert: String?

    @Option(
        help: ArgumentHelp("The private key of --tls-cert in PEM form, readable by this user alone.", valueName: "path")
    )
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "The authorities that sign clients' certificates. Default: clients need none.",
            valueName: "path"
        )
    )
    var tlsClientCa: String?

    @Option(
        help: ArgumentHelp(
            "A name (SAN, DNS or URI) that a client's certificate must have one of. May be given more than once. Default: all.",
            valueName: "name"
        )
    )
    var tlsAllowName: [String] = []
}
