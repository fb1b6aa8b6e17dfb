#if TLS
    internal import FirnEngine
    internal import FirnServer
    internal import FirnStore
    internal import NIOCore
    internal import NIOSSL

    /// A certificate and key that fit together, and the authorities that sign clients' certificates.
    package struct TLSMaterial: Sendable {
        let contents: TLSFiles.Contents
        private let chain: [NIOSSLCertificate]
        private let key: NIOSSLPrivateKey
        private let authorities: [NIOSSLCertificate]?
        private let files: TLSFiles

        /// Reads and checks the files.
        ///
        /// - Throws: ``TLSError`` that says which file is wrong, and why.
        package init(_ files: TLSFiles) throws(TLSError) {
            try self.init(files, try files.read())
        }

        init(_ files: TLSFiles, _ contents: TLSFiles.Contents) throws(TLSError) {
            self.files = files
            self.contents = contents
            chain = try Self.certificates(contents.certificate, files.certificate, "--tls-cert")
            key = try Self.key(contents.key, files.key)
            authorities = try contents.clientAuthority.map { bytes throws(TLSError) in
                try Self.certificates(bytes, files.clientAuthority!, "--tls-client-ca")
            }
            // Making a context compares the key with the certificate.
            _ = try context(for: .frames)
        }

        /// The moment when the first certificate of the chain expires.
        package var expiryUnixSeconds: Int64 { chain.map { Int64($0.notValidAfter) }.min()! }

        package static var nowUnixSeconds: Int64 { SystemTimeSource().wallNanoseconds() / 1_000_000_000 }

        /// What will make peers refuse the certificate, or refuses all clients, in words.
        package func warnings(nowUnixSeconds now: Int64) -> [String] {
            let certificates =
                chain.map { ($0, "--tls-cert", files.certificate) }
                + (authorities ?? []).map { ($0, "--tls-client-ca", files.clientAuthority!) }
            return certificates.compactMap { certificate, option, path in
                if Int64(certificate.notValidAfter) < now {
                    return "a certificate of \(option) (\(path)) has expired; no peer accepts it. Replace the file"
                }
                if Int64(certificate.notValidBefore) > now {
                    return "a certificate of \(option) (\(path)) is not valid yet; check this host's clock"
                }
                return nil
            }
        }

        /// The context for the connections of a door.
        func context(for door: Door) throws(TLSError) -> NIOSSLContext {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            configuration.minimumTLSVersion = .tlsv12
            configuration.shutdownTimeout = .seconds(1)
            switch door {
            case .frames: break
            case .http, .admin: configuration.applicationProtocols = ["http/1.1"]
            case .grpc: configuration.applicationProtocols = ["h2"]
            }
            if let authorities {
                configuration.certificateVerification = .noHostnameVerification
                configuration.trustRoots = .certificates(authorities)
                configuration.sendCANameList = true
            }
            do {
                return try NIOSSLContext(configuration: configuration)
            } catch {
                throw TLSError(
                    "--tls-key: \(files.key) is not the key of the certificate in \(files.certificate) (--tls-cert), or cannot be "
                        + "used with it (\(TLSErrorText.words("\(error)"))); give the two files that belong together"
                )
            }
        }

        private static func certificates(
            _ bytes: [UInt8],
            _ path: String,
            _ option: String
        ) throws(TLSError) -> [NIOSSLCertificate] {
            let certificates = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
            guard !certificates.isEmpty else {
                throw TLSError(
                    "\(option): \(path) holds no certificate in PEM form, or a broken one; give a file that begins with "
                        + "-----BEGIN CERTIFICATE-----"
                )
            }
            return certificates
        }

        private static func key(_ bytes: [UInt8], _ path: String) throws(TLSError) -> NIOSSLPrivateKey {
            let text = String(decoding: bytes, as: UTF8.self)
            guard !text.contains("ENCRYPTED") else {
                throw TLSError(
                    "--tls-key: \(path) is protected by a password, which nobody could enter at a start; write it without one "
                        + "('openssl pkey -in \(path) -out …')"
                )
            }
            do {
                return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
            } catch {
                throw TLSError(
                    "--tls-key: \(path) holds no private key in PEM form, or a broken one; give a file that begins with "
                        + "-----BEGIN PRIVATE KEY-----"
                )
            }
        }
    }
#endif
