import EtcdTestSupport
import FirnTestSupport
import Foundation
import Testing

/// The files of the daemon's TLS: what is wrong with them at a start, and what happens when they change.
@Suite struct TLSCertificateTests {
    @Test func aStartSaysWhatIsWrongWithTheFiles() throws {
        let fixture = try TLSFixture()
        let (good, other) = (fixture.server, fixture.certificates.client)
        try withScratch { scratch in
            func said(_ arguments: [String], listening: String = "tls:127.0.0.1:0") throws -> String {
                let base = ["--store", "memory", "--listen", listening]
                let (ending, error, _) = try runToEnd(in: scratch, base + arguments)
                #expect(ending == .exited(78), "\(arguments): \(error)")
                return error
            }
            let nothing = scratch.file("nothing.pem")
            #expect(try said(["--tls-cert", nothing, "--tls-key", good.key]).contains("\(nothing) cannot be opened"))
            let stranger = try said(["--tls-cert", good.certificate, "--tls-key", other.key])
            #expect(stranger.contains("is not the key of the certificate"))
            let text = try scratch.write("text.pem", "no certificate")
            #expect(try said(["--tls-cert", text, "--tls-key", good.key]).contains("no certificate in PEM form"))
            chmod(text, 0o600)
            let noKey = try said(["--tls-cert", good.certificate, "--tls-key", text])
            #expect(noKey.contains("no private key in PEM form"))
            let locked = scratch.file("locked.key")
            let lock = ["pkey", "-in", good.key, "-aes128", "-passout", "pass:secret", "-out", locked]
            #expect(try Program.run(["/usr/bin/openssl"] + lock, in: scratch).code == 0)
            chmod(locked, 0o600)
            let encrypted = try said(["--tls-cert", good.certificate, "--tls-key", locked])
            #expect(encrypted.contains("protected by a password"))
            let open = scratch.file("open.key")
            try FileManager.default.copyItem(atPath: good.key, toPath: open)
            chmod(open, 0o644)
            #expect(try said(["--tls-cert", good.certificate, "--tls-key", open]).contains("others can read it"))
            #expect(try said(["--tls-cert", good.certificate]).contains("belong together"))
            #expect(try said([]).contains("--tls-cert and --tls-key are not given"))
            #expect(try said(fixture.options(), listening: "tcp:127.0.0.1:0").contains("no address uses it"))
            #expect(try said(fixture.options() + ["--tls-allow-name", "x"]).contains("--tls-client-ca"))
            let noAuthority = try said(fixture.options() + ["--tls-client-ca", text])
            #expect(noAuthority.contains("--tls-client-ca: \(text) holds no certificate"))
        }
    }

    @Test func anExpiredCertificateIsServedWithAWarningAndCounted() throws {
        let fixture = try TLSFixture()
        let old = try fixture.certificates.issue("old", TLSFixture.names, days: -1)
        let arguments = ["--http", "tls:127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "memory"]
        try withDaemon(arguments + ["--tls-cert", old.certificate, "--tls-key", old.key]) { daemon in
            #expect(!daemon.lines(with: "has expired").isEmpty)
            let left = try #require(try daemon.metric("firn_tls_certificate_expiry_seconds"))
            #expect((-86_400 - 3600 ... -86_400 + 3600).contains(left))
        }
    }

    /// Both files, by a symbolic link that is replaced, as Kubernetes does. Connections that are open go on.
    @Test func aReplacedCertificateIsUsedForNewConnections() throws {
        let fixture = try TLSFixture()
        let second = try fixture.certificates.issue("server-b", TLSFixture.names)
        try withScratch { scratch in
            let manager = FileManager.default
            for (name, pair) in [("one", fixture.server), ("two", second)] {
                try manager.createDirectory(atPath: scratch.file(name), withIntermediateDirectories: true)
                try manager.copyItem(atPath: pair.certificate, toPath: scratch.file("\(name)/tls.crt"))
                try manager.copyItem(atPath: pair.key, toPath: scratch.file("\(name)/tls.key"))
            }
            let link = scratch.file("now")
            try manager.createSymbolicLink(atPath: link, withDestinationPath: "one")
            let doors = ["--listen", "tls:127.0.0.1:0", "--http", "tls:127.0.0.1:0", "--admin", "127.0.0.1:0"]
            let files = ["--tls-cert", link + "/tls.crt", "--tls-key", link + "/tls.key"]
            try withDaemon(in: scratch, doors + files + ["--store", "memory"]) { daemon in
                #expect(try fixture.subject(at: daemon.securePort()) == "subject=CN = server-a")
                let client = try TLSPeer(port: daemon.tlsPort(), trusting: fixture.authority, in: scratch)
                _ = try client.peer.nextID()
                try manager.createSymbolicLink(atPath: link + ".new", withDestinationPath: "two")
                guard rename(link + ".new", link) == 0 else { throw TestFailure("rename: \(systemError)") }
                try daemon.waitUntilItSays("the TLS certificate was replaced")
                for port in [try daemon.securePort(), try daemon.tlsPort()] {
                    #expect(try fixture.subject(at: port) == "subject=CN = server-b")
                }
                _ = try client.peer.nextID()
            }
        }
    }

    @Test func aHalfWrittenFileKeepsTheCertificateAndIsLoggedOnce() throws {
        let fixture = try TLSFixture()
        let second = try fixture.certificates.issue("server-b", TLSFixture.names)
        try withDaemon(["--http", "tls:127.0.0.1:0", "--store", "memory"] + fixture.options()) { daemon in
            let port = try daemon.securePort()
            let new = try String(contentsOfFile: second.certificate, encoding: .utf8)
            try String(new.prefix(new.count / 2)).write(
                toFile: fixture.server.certificate,
                atomically: false,
                encoding: .utf8
            )
            try daemon.waitUntilItSays("the certificate before stays")
            // Long enough for it to be looked at twice more.
            sleep(.milliseconds(2500))
            #expect(daemon.lines(with: "the certificate before stays").count == 1)
            #expect(try fixture.subject(at: port) == "subject=CN = server-a")
            // The certificate is whole, and the key is still the other one's.
            try new.write(toFile: fixture.server.certificate, atomically: false, encoding: .utf8)
            try eventually("that is an error too") {
                daemon.lines(with: "the certificate before stays").count == 2
            }
            #expect(try fixture.subject(at: port) == "subject=CN = server-a")
            try fixture.replaceServer(by: second)
            try daemon.waitUntilItSays("the TLS certificate was replaced")
            #expect(try fixture.subject(at: port) == "subject=CN = server-b")
        }
    }
}
