import EtcdTestSupport
import FirnTestSupport
import Foundation

/// A client of the framed protocol whose TLS is `openssl s_client`'s.
final class TLSPeer {
    let peer: Peer
    private let program: Program

    init(
        port: UInt16,
        trusting authority: TestCertificates.Pair,
        as client: TestCertificates.Pair? = nil,
        _ arguments: [String] = [],
        in scratch: Scratch
    ) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw TestFailure("socketpair: \(systemError)")
        }
        defer { close(ends[1]) }
        peer = Peer.over(ends[0])
        var command = [
            "/usr/bin/openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)", "-CAfile", authority.certificate,
            "-verify_return_error", "-verify_hostname", "localhost",
        ]
        if let client { command += ["-cert", client.certificate, "-key", client.key] }
        program = try Program(
            command + arguments,
            in: scratch,
            name: "s_client-\(UUID().uuidString)",
            descriptors: [(0, ends[1]), (1, ends[1])]
        )
        peer.companion = program
    }

    /// What OpenSSL said.
    var said: String { program.output }

    /// Whether a connection gets an ID; if not, it is closed without one.
    var isServed: Bool { (try? peer.nextID()) != nil }
}

/// The certificates of a daemon with TLS and of its clients.
struct TLSFixture {
    let certificates: TestCertificates
    let server: TestCertificates.Pair

    init() throws {
        certificates = try TestCertificates()
        server = try certificates.issue("server-a", Self.names)
    }

    static let names = "subjectAltName=DNS:localhost,IP:127.0.0.1"

    var authority: TestCertificates.Pair { certificates.authority }

    /// The daemon's options; with `knowing`, clients need a certificate.
    func options(knowingClients: Bool = false) -> [String] {
        ["--tls-cert", server.certificate, "--tls-key", server.key]
            + (knowingClients ? ["--tls-client-ca", authority.certificate] : [])
    }

    /// Replaces the daemon's certificate and key by another pair's, each at once.
    func replaceServer(by pair: TestCertificates.Pair) throws {
        for (new, old) in [(pair.certificate, server.certificate), (pair.key, server.key)] {
            let copy = new + ".copy"
            try? FileManager.default.removeItem(atPath: copy)
            try FileManager.default.copyItem(atPath: new, toPath: copy)
            guard rename(copy, old) == 0 else { throw TestFailure("rename: \(systemError)") }
        }
    }

    /// The subject of the certificate that a port shows, as OpenSSL writes it.
    func subject(at port: UInt16) throws -> String {
        let shown = try Tool.run(
            "/bin/sh",
            "-c",
            "openssl s_client -connect 127.0.0.1:\(port) -CAfile \(authority.certificate) </dev/null 2>/dev/null "
                + "| openssl x509 -noout -subject"
        )
        return shown.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension Daemon {
    /// The port of its framed protocol with TLS, as its log tells it.
    func tlsPort() throws -> UInt16 { try port(after: "tls:127.0.0.1:", in: " listen=") }

    /// The port of HTTP or the admin port with TLS.
    func securePort(_ name: String = "http") throws -> UInt16 { try port(after: "tls:127.0.0.1:", in: " \(name)=") }

    private func port(after prefix: String, in setting: String) throws -> UInt16 {
        guard let line = lines(with: " info serving ").first, let start = line.range(of: setting),
            let range = line[start.upperBound...].range(of: prefix),
            let port = UInt16(line[range.upperBound...].prefix { $0.isNumber })
        else { throw TestFailure("no port after \(prefix) in the log: \(log)") }
        return port
    }

    /// The value of a metric, of a daemon with an admin port in the clear.
    func metric(_ sample: String) throws -> Double? {
        let text = try HTTPPeer.ask("GET", "/metrics", port: try httpPort("admin")).body
        return text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Double($0.dropFirst(sample.count + 1)) }
    }
}
