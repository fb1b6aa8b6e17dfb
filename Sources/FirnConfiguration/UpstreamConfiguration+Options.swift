#if Upstream
    package import FirnClient
    internal import FirnStore
    package import FirnUpstream

    #if canImport(Darwin)
        internal import Darwin
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    /// The address of a daemon, by a name that a build without the trait has too.
    package typealias DaemonAddress = FirnAddress

    extension UpstreamConfiguration {
        /// - Parameter window: The daemon's window, because a call must end well before it does; nil for a command.
        package init(
            _ addresses: [DaemonAddress],
            _ options: UpstreamOptions,
            window: Duration?
        ) throws(ConfigurationError) {
            self.init(addresses: addresses)
            token = try options.upstreamTokenFile.map { path throws(ConfigurationError) in
                try ClientToken.read(path: path)
            }
            guard (options.upstreamCert == nil) == (options.upstreamKey == nil) else {
                throw ConfigurationError("--upstream-cert and --upstream-key belong together; give both")
            }
            let files = [("ca", options.upstreamCa), ("cert", options.upstreamCert), ("key", options.upstreamKey)]
            for case (let name, let path?) in files where access(path, R_OK) != 0 {
                throw ConfigurationError(
                    "--upstream-\(name): \(path) cannot be read: \(String(cString: strerror(errno)))"
                )
            }
            tls.authoritiesPath = options.upstreamCa
            tls.certificatePath = options.upstreamCert
            tls.keyPath = options.upstreamKey
            tls.serverName = options.upstreamServerName
            let third = window.map { $0 / 3 } ?? .seconds(3600)
            guard let text = options.upstreamTimeout else {
                timeout = min(timeout, third)
                return
            }
            guard let timeout = text.value, timeout <= third else {
                throw ConfigurationError(
                    "--upstream-timeout is \(text.defaultValueDescription); choose up to a third of the --window, which is "
                        + "\(third * 3): a write has to be tried again before it ends"
                )
            }
            self.timeout = timeout
        }

        func makeStore() -> any Store { UpstreamStore(self) }
    }
#endif
