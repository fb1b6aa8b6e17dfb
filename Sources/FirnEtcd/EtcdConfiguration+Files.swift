internal import NIOSSL

extension EtcdConfiguration.TLS {
    /// A message about the first file without content that is usable for a connection; nil when all are usable. The
    /// files are read again for every new connection, so this is for the start, which can still report it.
    package var unusableFile: String? {
        for path in [authoritiesPath, certificate?.path].compactMap({ $0 }) where !Self.hasCertificate(path) {
            return "\(path) holds no certificate in PEM form"
        }
        if let path = certificate?.keyPath, (try? NIOSSLPrivateKey(file: path, format: .pem)) == nil {
            return "\(path) holds no private key in PEM form without a password"
        }
        return nil
    }

    private static func hasCertificate(_ path: String) -> Bool {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path) else { return false }
        return !certificates.isEmpty
    }
}
