internal import NIOSSL

extension EtcdConfiguration.TLS {
    /// The first file that holds nothing to connect with, in words; nil when all do. They are read again for every new
    /// connection, so this is for the start, which can still say so.
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
