#if Etcd
    package import FirnEtcd
    internal import FirnStore

    #if canImport(Darwin)
        internal import Darwin
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    extension EtcdConfiguration {
        /// Makes the configuration from the etcd options, for these endpoints.
        ///
        /// - Parameter window: The daemon's window, because a call must end well before it does; nil for a command.
        package init(
            _ endpoints: [EtcdEndpoint],
            _ options: EtcdOptions,
            window: Duration?
        ) throws(ConfigurationError) {
            self.init(endpoints: endpoints)
            if let prefix = options.etcdPrefix {
                guard prefix.hasSuffix("/"), prefix.utf8.count <= 256,
                    prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
                else {
                    throw ConfigurationError(
                        "--etcd-prefix is '\(prefix)'; write up to 256 letters of ASCII without blanks that end in /"
                    )
                }
                keyPrefix = prefix
            }
            tls = try Self.tls(options)
            credentials = try Self.credentials(options)
            let third = window.map { $0 / 3 } ?? .seconds(3600)
            if let text = options.etcdTimeout {
                guard let timeout = text.value, timeout <= third else {
                    throw ConfigurationError(
                        "--etcd-timeout is \(text.defaultValueDescription); choose up to a third of the --window, which is "
                            + "\(third * 3): a write has to be tried again before it ends"
                    )
                }
                self.timeout = timeout
            } else {
                timeout = min(timeout, third)
            }
        }

        /// Messages for the log: about a password that is sent unencrypted.
        package var notices: [String] {
            let isLocal = endpoints.allSatisfy { ["localhost", "::1"].contains($0.host) || $0.host.hasPrefix("127.") }
            guard credentials != nil, tls == nil, !isLocal else { return [] }
            return ["the password for etcd goes over the network unencrypted; give --etcd-ca"]
        }

        func makeStore() -> any Store { EtcdStore(self) }

        private static func tls(_ options: EtcdOptions) throws(ConfigurationError) -> EtcdConfiguration.TLS? {
            var tls = EtcdConfiguration.TLS()
            switch (options.etcdCert, options.etcdKey) {
            case (nil, nil):
                break
            case (let path?, let keyPath?):
                try requireReadable(path, "cert")
                try requireReadable(keyPath, "key")
                tls.certificate = .init(path: path, keyPath: keyPath)
            default:
                throw ConfigurationError("--etcd-cert and --etcd-key belong together; give both")
            }
            if let path = options.etcdCa { try requireReadable(path, "ca") }
            tls.authoritiesPath = options.etcdCa
            tls.serverName = options.etcdServerName
            if let unusable = tls.unusableFile {
                throw ConfigurationError("--etcd-ca, --etcd-cert, --etcd-key: \(unusable); give the file that does")
            }
            return tls.authoritiesPath == nil && tls.certificate == nil && tls.serverName == nil ? nil : tls
        }

        private static func credentials(
            _ options: EtcdOptions
        ) throws(ConfigurationError) -> EtcdConfiguration.Credentials? {
            switch (options.etcdUser, options.etcdPasswordFile) {
            case (nil, nil): return nil
            case (let user?, let path?):
                // Also read now, so that a missing or empty file is reported at the start.
                _ = try password(inFile: path)
                return .init(user: user) { try password(inFile: path) }
            default:
                throw ConfigurationError("--etcd-user and --etcd-password-file belong together; give both")
            }
        }

        private static func password(inFile path: String) throws(ConfigurationError) -> String {
            let text = try TextFile.read(path: path, is: "the file of --etcd-password-file,")
            guard let line = TextFile.lines(of: text).first, !line.isEmpty else {
                throw ConfigurationError(
                    "--etcd-password-file: the first line of \(path) is empty; write the password there"
                )
            }
            guard line.firstControl == nil else {
                // The password itself is not put in messages.
                throw ConfigurationError(
                    "--etcd-password-file: the first line of \(path) has a control character; write the password alone there"
                )
            }
            return String(line)
        }

        private static func requireReadable(_ path: String, _ name: String) throws(ConfigurationError) {
            guard access(path, R_OK) == 0 else {
                throw ConfigurationError("--etcd-\(name): \(path) cannot be read: \(String(cString: strerror(errno)))")
            }
        }
    }
#endif
