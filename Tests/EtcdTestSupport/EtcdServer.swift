package import FirnEtcd
internal import FirnTestSupport
internal import Foundation
internal import Synchronization

/// A real etcd on loopback ports of its own, with its data in a directory of its own.
///
/// Stopped and removed with this object; and where the test process ends before that, with the process.
package final class EtcdServer: Sendable {
    /// What differs from a plain server.
    package struct Options: Sendable {
        /// Whether a write is on the disk when it is answered. Off, tests that pull no plug are much faster.
        package var syncs = false
        package var tls: TestCertificates?
        package var arguments: [String] = []
        /// The network whose host ``TestNetwork/Host/store`` it runs on; `nil` for this machine's own.
        package var network: TestNetwork?

        package init(
            syncs: Bool = false,
            tls: TestCertificates? = nil,
            arguments: [String] = [],
            network: TestNetwork? = nil
        ) {
            self.syncs = syncs
            self.tls = tls
            self.arguments = arguments
            self.network = network
        }
    }

    /// One member of a cluster, before it is started.
    private struct Member {
        var name: String
        var clientPort: UInt16
        var peerPort: UInt16
        var metricsPort: UInt16

        static func make(_ number: Int) throws -> Member {
            let ports = try freePorts(3)
            return Member(name: "m\(number)", clientPort: ports[0], peerPort: ports[1], metricsPort: ports[2])
        }

        var peer: String { "\(name)=http://127.0.0.1:\(peerPort)" }
    }

    private struct State {
        var pid: pid_t?
    }

    package let directory: String
    private let member: Member
    private let command: [String]
    private let network: TestNetwork?
    private let state = Mutex(State())

    package var port: UInt16 { member.clientPort }
    package var endpoint: EtcdEndpoint { EtcdEndpoint(host: network?.storeAddress ?? "127.0.0.1", port: port) }
    /// What `--store` is given.
    package var location: String { "etcd:\(endpoint)" }

    /// Starts a cluster of one.
    package convenience init(_ options: Options = Options()) throws {
        let member = try Member.make(0)
        try self.init(member, cluster: [member], options)
        try start()
        try waitUntilReady()
    }

    /// Starts a cluster of `count`, which goes on with a majority of them.
    package static func cluster(of count: Int, _ options: Options = Options()) throws -> [EtcdServer] {
        let members = try (0..<count).map { try Member.make($0) }
        let servers = try members.map { try EtcdServer($0, cluster: members, options) }
        for server in servers { try server.start() }
        for server in servers { try server.waitUntilReady() }
        return servers
    }

    private init(_ member: Member, cluster: [Member], _ options: Options) throws {
        var template = Array("/tmp/firn-etcd-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw EtcdTestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Watchdog.shared.made(directory: directory)
        self.member = member
        let scheme = options.tls == nil ? "http" : "https"
        let client = "\(scheme)://\(options.network?.storeAddress ?? "127.0.0.1"):\(member.clientPort)"
        network = options.network
        var command =
            (options.network?.launcher(on: .store) ?? []) + [
                "/usr/bin/etcd", "--name", member.name, "--data-dir", directory + "/data",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", "http://127.0.0.1:\(member.peerPort)",
                "--initial-advertise-peer-urls", "http://127.0.0.1:\(member.peerPort)",
                "--initial-cluster", cluster.map(\.peer).joined(separator: ","),
                "--listen-metrics-urls", "http://127.0.0.1:\(member.metricsPort)",
                "--log-level", "error", "--logger", "zap",
            ]
        if !options.syncs { command.append("--unsafe-no-fsync") }
        if let tls = options.tls {
            command += ["--cert-file", tls.server.certificate, "--key-file", tls.server.key]
            command += ["--client-cert-auth", "--trusted-ca-file", tls.authority.certificate]
        }
        self.command = command + options.arguments
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
        Watchdog.shared.removed(directory: directory)
    }

    // MARK: - How it runs

    package func start() throws {
        let pid = try spawn(command, log: directory + "/log", "Debian's etcd-server")
        state.withLock { $0.pid = pid }
    }

    /// Waits until the cluster answers through this member.
    package func waitUntilReady() throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if let pid = state.withLock({ $0.pid }), waitpid(pid, nil, WNOHANG) == pid {
                Watchdog.shared.ended(pid)
                state.withLock { $0.pid = nil }
                throw EtcdTestFailure("etcd ended: \(log)")
            }
            if (try? isHealthy()) == true { return }
            usleep(10_000)
        }
        throw EtcdTestFailure("etcd is not ready after 60 s: \(log)")
    }

    private func isHealthy() throws -> Bool {
        if network == nil {
            return try LoopbackHTTP.get(port: member.metricsPort, path: "/health").contains("\"true\"")
        }
        try etcdctl(["endpoint", "health"])
        return true
    }

    package var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// SIGKILL.
    package func kill() { end(SIGKILL) }

    package func stop() { end(SIGTERM) }

    /// It keeps its connections, and answers nothing until ``resume()``.
    package func pause() throws {
        if let pid = state.withLock({ $0.pid }) { try stopWholly(pid) }
    }

    package func resume() { signal(SIGCONT) }

    /// After ``kill()`` or ``stop()``: on the same port, with the same data.
    package func restart() throws {
        try start()
        try waitUntilReady()
    }

    private func signal(_ number: Int32) {
        state.withLock { if let pid = $0.pid { _ = Glibc.kill(pid, number) } }
    }

    private func end(_ number: Int32) {
        state.withLock { state in
            guard let pid = state.pid else { return }
            _ = Glibc.kill(pid, number)
            // A stopped process takes no other signal but SIGKILL.
            _ = Glibc.kill(pid, SIGCONT)
            _ = waitpid(pid, nil, 0)
            Watchdog.shared.ended(pid)
            state.pid = nil
        }
    }

    // MARK: - What it is told besides Firn's calls

    /// Writes what it holds to a file of its own, as a backup does.
    package func saveSnapshot() throws {
        try? FileManager.default.removeItem(atPath: directory + "/snapshot")
        try etcdctl(["snapshot", "save", directory + "/snapshot"])
    }

    /// Puts a stopped server back to where ``saveSnapshot()`` found it, as the manual says to: it becomes another cluster.
    package func restoreSnapshot() throws {
        try FileManager.default.removeItem(atPath: directory + "/data")
        try etcdctl([
            "snapshot", "restore", directory + "/snapshot", "--data-dir", directory + "/data", "--name", member.name,
            "--initial-cluster", member.peer, "--initial-advertise-peer-urls", "http://127.0.0.1:\(member.peerPort)",
        ])
    }

    private func etcdctl(_ words: [String]) throws {
        try run(
            (network?.launcher(on: .store) ?? []) + ["/usr/bin/etcdctl", "--endpoints", "\(endpoint)"] + words,
            "Debian's etcd-client"
        )
    }

    /// Calls etcd's API through its JSON gateway.
    @discardableResult
    package func post(_ path: String, _ body: String, token: String? = nil) throws -> String {
        try LoopbackHTTP.post(port: port, path: path, body: body, token: token)
    }

    /// Lets in only `root`, and `firn`, which may read and write below `/firn/`.
    package func requirePasswords(root: String, firn: String) throws {
        try post("/v3/auth/user/add", #"{"name":"root","password":"\#(root)"}"#)
        try post("/v3/auth/role/add", #"{"name":"root"}"#)
        try post("/v3/auth/user/grant", #"{"user":"root","role":"root"}"#)
        try post("/v3/auth/user/add", #"{"name":"firn","password":"\#(firn)"}"#)
        try post("/v3/auth/role/add", #"{"name":"firn"}"#)
        let (key, end) = (Data("/firn/".utf8).base64EncodedString(), Data("/firn0".utf8).base64EncodedString())
        try post(
            "/v3/auth/role/grant",
            #"{"name":"firn","perm":{"permType":"READWRITE","key":"\#(key)","range_end":"\#(end)"}}"#
        )
        try post("/v3/auth/user/grant", #"{"user":"firn","role":"firn"}"#)
        try post("/v3/auth/enable", "{}")
    }

    /// Makes all tokens that `firn` was given worthless, with the connections as they are.
    package func forgetTokens(root: String, firn: String) throws {
        struct Answer: Decodable { var token: String }
        let answer = try post("/v3/auth/authenticate", #"{"name":"root","password":"\#(root)"}"#)
        let token = try JSONDecoder().decode(Answer.self, from: Data(answer.utf8)).token
        try post("/v3/auth/user/changepw", #"{"name":"firn","password":"\#(firn)"}"#, token: token)
    }
}

/// What a test with etcd cannot go on without.
package struct EtcdTestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
