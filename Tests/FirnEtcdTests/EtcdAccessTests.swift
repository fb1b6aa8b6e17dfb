import EtcdTestSupport
import FirnStore
import Foundation
import Testing

@testable import FirnEtcd

/// Users, passwords, certificates.
@Suite struct EtcdAccessTests {
    func store(
        _ server: EtcdServer,
        _ credentials: EtcdConfiguration.Credentials? = nil,
        _ tls: EtcdConfiguration.TLS? = nil
    ) -> EtcdStore {
        var configuration = EtcdConfiguration(endpoints: [server.endpoint])
        configuration.timeout = .seconds(60)
        configuration.credentials = credentials
        configuration.tls = tls
        return EtcdStore(configuration)
    }

    func tls(_ authority: TestCertificates.Pair, _ client: TestCertificates.Pair?) -> EtcdConfiguration.TLS {
        var tls = EtcdConfiguration.TLS()
        tls.authoritiesPath = authority.certificate
        tls.serverName = TestCertificates.serverName
        tls.certificate = client.map { .init(path: $0.certificate, keyPath: $0.key) }
        return tls
    }

    @Test func aUserIsLetInAndOthersAreTold() throws {
        let server = try EtcdServer()
        try server.requirePasswords(root: "r", firn: "secret")
        let known = store(server, .init(user: "firn", password: "secret"))
        let version = try #require(try known.write("a", "1", ifVersion: nil).version)
        #expect(try known.read("a")?.version == version)

        let wrong = store(server, .init(user: "firn", password: "secrets"))
        let refusal = try #require(throws: StoreError.self) { try wrong.read("a") }
        #expect(refusal.code == .refused && refusal.exitCode == 78)
        #expect(refusal.message.contains("--etcd-password-file") && !refusal.message.contains("secrets"))

        let nobody = try #require(throws: StoreError.self) { try store(server).read("a") }
        #expect(nobody.code == .refused && nobody.message.contains("--etcd-user"))
        #expect(throws: StoreError.self) { try store(server).write("a", "2", ifVersion: version) }

        var elsewhere = EtcdConfiguration(endpoints: [server.endpoint])
        elsewhere.credentials = .init(user: "firn", password: "secret")
        elsewhere.keyPrefix = "/others/"
        let denied = try #require(throws: StoreError.self) { try EtcdStore(elsewhere).read("a") }
        #expect(denied.code == .refused && denied.message.contains("permission denied"))
        #expect(denied.message.contains("--etcd-prefix"))
        #expect(try known.read("a")?.version == version)
    }

    /// Tokens are forgotten when nobody used them for a while, when the member restarts, when the password changes. Not
    /// even a write is in doubt then: it was refused before it was made.
    @Test func aForgottenTokenIsRenewed() throws {
        let server = try EtcdServer()
        try server.requirePasswords(root: "r", firn: "secret")
        let store = store(server, .init(user: "firn", password: "secret"))
        let version = try #require(try store.write("a", "1", ifVersion: nil).version)
        try server.forgetTokens(root: "r", firn: "secret")
        let next = try #require(try store.write("a", "2", ifVersion: version).version)
        try server.forgetTokens(root: "r", firn: "secret")
        #expect(try store.read("a") == StoredValue(value: "2", version: next))
        server.stop()
        try server.restart()
        #expect(eventually { try? store.read("a")?.version } == next)
    }

    /// The refusal says to put the file right, and that is all that there is to do.
    @Test func aPasswordIsReadAnewForEachToken() throws {
        let server = try EtcdServer()
        try server.requirePasswords(root: "r", firn: "secret")
        let file = server.directory + "/password"
        try Data("wrong".utf8).write(to: URL(fileURLWithPath: file))
        let store = store(server, .init(user: "firn") { try String(contentsOfFile: file, encoding: .utf8) })
        let refusal = try #require(throws: StoreError.self) { try store.read("a") }
        #expect(refusal.code == .refused && refusal.message.contains("--etcd-password-file"))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try store.read("a") == nil)
        try FileManager.default.removeItem(atPath: file)
        // A token that is taken needs no password.
        #expect(try store.read("a") == nil)
        try server.forgetTokens(root: "r", firn: "secret")
        let missing = try #require(throws: StoreError.self) { try store.read("a") }
        #expect(missing.code == .refused && !missing.message.contains("secret"))
        try Data("secret".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try store.read("a") == nil)
    }

    /// etcd without users takes a daemon with one.
    @Test func aUserIsOfNoUseWhereNoneIsWanted() throws {
        let server = try EtcdServer()
        let store = store(server, .init(user: "firn", password: "secret"))
        #expect(try store.read("a") == nil)
        _ = try store.write("a", "1", ifVersion: nil)
        // And is used once it is.
        try server.requirePasswords(root: "r", firn: "secret")
        #expect(try store.read("a")?.value == "1")
    }

    @Test func certificatesOnBothSides() throws {
        let certificates = try TestCertificates()
        let server = try EtcdServer(EtcdServer.Options(tls: certificates))
        let good = tls(certificates.authority, certificates.client)
        let known = store(server, nil, good)
        let version = try #require(try known.write("a", "1", ifVersion: nil).version)
        #expect(try known.read("a")?.version == version)

        // A file that holds something else is found without a connection.
        var swapped = good
        swapped.certificate = .init(path: certificates.client.certificate, keyPath: certificates.client.certificate)
        #expect(good.unusableFile == nil)
        #expect(swapped.unusableFile?.contains("\(certificates.client.certificate) holds no private key") == true)

        let strangeServer = store(server, nil, tls(certificates.stranger, certificates.client))
        let distrust = try #require(throws: StoreError.self) { try strangeServer.read("a") }
        #expect(distrust.code == .refused && distrust.message.contains("--etcd-ca"), "\(distrust)")

        // In its words, and without where its sources were when it was built.
        #expect(distrust.message.contains("certificate verify failed"), "\(distrust)")
        #expect(!distrust.message.contains(".cc:") && !distrust.message.contains("OPENSSL"), "\(distrust)")

        let nameless = try #require(throws: StoreError.self) {
            try store(server, nil, tls(certificates.authority, nil)).read("a")
        }
        #expect(nameless.code == .refused && nameless.message.contains("--etcd-cert"), "\(nameless)")

        let plain = try #require(throws: StoreError.self) { try store(server).read("a") }
        #expect(plain.code == .unavailable && plain.message.contains("--etcd-ca"), "\(plain)")

        // The certificate is for a name, and neither for another nor for the address.
        for name in ["elsewhere.test", nil] {
            var misnamed = good
            misnamed.serverName = name
            let mismatch = try #require(throws: StoreError.self) { try store(server, nil, misnamed).read("a") }
            #expect(mismatch.code == .refused && mismatch.message.contains("--etcd-server-name"), "\(mismatch)")
        }
    }

    @Test func encryptionIsNotSpokenByAPlainServer() throws {
        let certificates = try TestCertificates()
        let server = try EtcdServer()
        let error = try #require(throws: StoreError.self) {
            try store(server, nil, tls(certificates.authority, nil)).read("a")
        }
        // The server answers in plain text and hangs up. Where its reset is there before the answer was read, that is all
        // that can be told.
        #expect([.refused, .unavailable].contains(error.code) && error.message.contains("TLS"), "\(error)")
    }

    @Test func aKeyThatCannotBeReadIsNamed() throws {
        let certificates = try TestCertificates()
        let server = try EtcdServer()
        try Data("no key".utf8).write(to: URL(fileURLWithPath: certificates.client.key))
        let error = try #require(throws: StoreError.self) {
            try store(server, nil, tls(certificates.authority, certificates.client)).read("a")
        }
        #expect(error.code == .refused && error.message.contains("TLS"), "\(error)")
        #expect(!error.message.contains(".cc:") && !error.message.contains("/BoringSSL"), "\(error)")
    }

    @Test(arguments: [
        (
            "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:"
                + "CERTIFICATE_VERIFY_FAILED at /home/me/ssl/handshake.cc:393, Error: 1 error:1:SSL routines:OPENSSL_internal:"
                + "WRONG_VERSION_NUMBER at /x y/b.cc:1]))",
            "certificate verify failed, wrong version number"
        ),
        ("failedToLoadCertificate", "failedToLoadCertificate"), ("", ""), ("OPENSSL_internal:", ""),
    ])
    func whereTLSWasBuiltIsNotTold(_ text: String, _ words: String) {
        #expect(TLSErrorText.words(text) == words)
    }
}
