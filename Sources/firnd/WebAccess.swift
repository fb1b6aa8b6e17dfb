internal import FirnConfiguration
internal import FirnHTTP
internal import FirnServer

/// The configured rules for web pages over HTTP.
struct WebAccess {
    let origins: OriginPolicy.Origins
    /// Names and addresses of this host on loopback, in addition to the built-in ones.
    private let hosts: [String]

    /// - Parameter addresses: the addresses where HTTP is served: names in them are this host's.
    init(_ options: SocketOptions, addresses: [ListenAddress]) throws(ConfigurationError) {
        origins = try Self.origins(options.httpAllowOrigin)
        let allowed = try options.httpAllowHost.map { text throws(ConfigurationError) in try Self.host(text) }
        hosts = allowed + addresses.compactMap { $0.hostAndPort?.host }
    }

    var policy: OriginPolicy {
        OriginPolicy(origins: origins, hosts: hosts + [WorkerChoice.hostName].compactMap { $0 })
    }

    /// The text for `--check`.
    var description: String { origins.description }

    private static func origins(_ texts: [String]) throws(ConfigurationError) -> OriginPolicy.Origins {
        if texts == ["*"] { return .any }
        var origins: Set<WebOrigin> = []
        for text in texts {
            guard text != "*" else {
                throw ConfigurationError("--http-allow-origin * allows all origins; leave the others out, or the *")
            }
            guard let origin = WebOrigin(text) else {
                throw ConfigurationError(
                    "--http-allow-origin '\(text)' is no origin; write scheme://host or scheme://host:port, without a path"
                )
            }
            origins.insert(origin)
        }
        return origins.isEmpty ? .none : .these(origins)
    }

    private static func host(_ text: String) throws(ConfigurationError) -> String {
        guard let host = OriginPolicy.host(text) else {
            throw ConfigurationError(
                "--http-allow-host '\(text)' is no host; write a name such as ids.example.com, without a port"
            )
        }
        return host
    }
}
