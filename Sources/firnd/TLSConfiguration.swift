internal import FirnConfiguration
internal import FirnServer
internal import FirnTLS

/// The configured TLS, validated: the files were read once.
struct TLSConfiguration {
    /// `nil`: no address has TLS.
    let files: TLSFiles?
    let doors: [Door]
    /// What peers will refuse, such as a certificate that has expired.
    let warnings: [String]

    /// - Parameter addresses: the addresses of each door.
    init(_ options: TLSOptions, _ addresses: [(door: Door, addresses: [ListenAddress])]) throws(ConfigurationError) {
        doors = addresses.filter { $0.addresses.contains(where: \.isTLS) }.map(\.door)
        guard let certificate = options.tlsCert, let key = options.tlsKey else {
            guard options.tlsCert == nil, options.tlsKey == nil else {
                throw ConfigurationError("--tls-cert and --tls-key belong together; give both")
            }
            guard doors.isEmpty else {
                throw ConfigurationError(
                    "an address begins with tls:, and --tls-cert and --tls-key are not given; give both"
                )
            }
            guard options.tlsClientCa == nil, options.tlsAllowName.isEmpty else {
                throw ConfigurationError("--tls-client-ca and --tls-allow-name need --tls-cert and --tls-key; give all")
            }
            (files, warnings) = (nil, [])
            return
        }
        guard !doors.isEmpty else {
            throw ConfigurationError(
                "--tls-cert is given, and no address uses it; write tls:HOST:PORT after --listen, --http, --grpc or --admin"
            )
        }
        guard options.tlsClientCa != nil || options.tlsAllowName.isEmpty else {
            throw ConfigurationError("--tls-allow-name is about clients' certificates; give --tls-client-ca too")
        }
        guard !options.tlsAllowName.contains("") else {
            throw ConfigurationError("--tls-allow-name is empty; write a name such as app.example.com")
        }
        let files = TLSFiles(
            certificate: certificate,
            key: key,
            clientAuthority: options.tlsClientCa,
            allowedNames: Set(options.tlsAllowName)
        )
        self.files = files
        do throws(TLSError) {
            warnings = try TLSMaterial(files).warnings(nowUnixSeconds: TLSMaterial.nowUnixSeconds)
        } catch {
            throw ConfigurationError("\(error)")
        }
    }

    /// Whether only clients with a certificate can use an address.
    func admitsOnlyKnownClients(at address: ListenAddress) -> Bool {
        address.isTLS && files?.clientAuthority != nil
    }
}
