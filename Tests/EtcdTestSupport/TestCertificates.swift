internal import Foundation

/// Keys and certificates of a test's own, by the `openssl` command, in a directory of its own.
package final class TestCertificates: Sendable {
    package struct Pair: Sendable {
        package let certificate: String
        package let key: String
    }

    package static let serverName = "etcd.test"

    package let authority: Pair
    /// For ``serverName`` and no address, signed by the authority.
    package let server: Pair
    /// Signed by the authority.
    package let client: Pair
    /// An authority that signed none of them, which has the same name.
    package let stranger: Pair
    package let directory: String

    package init() throws {
        var template = Array("/tmp/firn-etcd-certs.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw EtcdTestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.directory = directory
        func pair(_ name: String) -> Pair {
            Pair(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
        }
        authority = pair("authority")
        server = pair("server")
        client = pair("client")
        stranger = pair("stranger")
        for own in [authority, stranger] {
            try Self.openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority",
                "-keyout \(own.key) -out \(own.certificate)"
            )
        }
        try signed(server, "/CN=etcd", "subjectAltName=DNS:\(Self.serverName)")
        try signed(client, "/CN=firnd", "extendedKeyUsage=clientAuth")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A certificate that is signed by the authority or by the stranger.
    ///
    /// - Parameters:
    ///   - name: of its files.
    ///   - extensions: as in openssl's configuration, such as `subjectAltName=DNS:localhost`.
    ///   - days: how long it is valid; below 0 it has expired.
    package func issue(
        _ name: String,
        _ extensions: String,
        days: Int = 2,
        byStranger: Bool = false
    ) throws -> Pair {
        let pair = Pair(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
        try signed(pair, "/CN=\(name)", extensions, days: days, by: byStranger ? stranger : authority)
        return pair
    }

    private func signed(
        _ pair: Pair,
        _ subject: String,
        _ extensions: String,
        days: Int = 2,
        by signer: Pair? = nil
    ) throws {
        let signer = signer ?? authority
        let request = pair.certificate + ".request"
        try Data(extensions.utf8).write(to: URL(fileURLWithPath: request + ".ext"))
        try Self.openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj \(subject)",
            "-keyout \(pair.key) -out \(request)"
        )
        try Self.openssl(
            "x509 -req -days \(days) -CAcreateserial -CA \(signer.certificate) -CAkey \(signer.key)",
            "-in \(request) -out \(pair.certificate) -extfile \(request).ext"
        )
    }

    private static func openssl(_ words: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = words.flatMap { $0.split(separator: " ").map(String.init) }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw EtcdTestFailure("openssl \(words) failed") }
    }
}
