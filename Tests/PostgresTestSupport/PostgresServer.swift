package import EtcdTestSupport
internal import FirnTestSupport
internal import Foundation
internal import Synchronization

/// A real PostgreSQL on a loopback port and in a socket of its own, with its data in a directory of its own.
///
/// Stopped and removed with this object; and where the test process ends before that, with the process.
package final class PostgresServer: Sendable {
    package struct Options: Sendable {
        /// Lines of postgresql.conf, besides those of every server here.
        package var settings: [String] = []
        /// Lines of pg_hba.conf; without any, everybody is let in.
        package var access: [String] = []
        package var tls: TestCertificates?
        /// How large the disk at ``smallDisk`` is, which only root can make; nil: there is none.
        package var smallDiskKibibytes: Int?

        package init(
            settings: [String] = [],
            access: [String] = [],
            tls: TestCertificates? = nil,
            smallDiskKibibytes: Int? = nil
        ) {
            self.settings = settings
            self.access = access
            self.tls = tls
            self.smallDiskKibibytes = smallDiskKibibytes
        }
    }

    private struct State {
        var pid: pid_t?
        var roles = 0
    }

    package let directory: String
    package let dataDirectory: String
    package let port: UInt16
    private let launcher: [String]
    private let state = Mutex(State())

    /// Debian's folder of the server's programs.
    static let programs = "/usr/lib/postgresql/15/bin"
    private static let origin = "Debian's postgresql-15"

    /// Starts a server.
    package convenience init(_ options: Options = Options()) throws {
        try self.init(options) { directory in
            try PostgresServer.run(["/bin/cp", "-a", PostgresServer.template.get() + "/.", directory])
        }
    }

    /// - Parameter fill: puts the data into the directory, which is there and empty.
    package init(_ options: Options, fill: (String) throws -> Void) throws {
        directory = try Self.makeDirectory()
        dataDirectory = directory + "/data"
        if let kibibytes = options.smallDiskKibibytes {
            // In mounts of the server's own, which end with it.
            let script =
                "mount -t tmpfs -o size=\(kibibytes)k,mode=700,uid=$(id -u postgres) none '\(directory)/small' && exec \"$@\""
            launcher =
                ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
                + Self.launcher
        } else {
            launcher = Self.launcher
        }
        port = try freePorts(1)[0]
        for path in [dataDirectory, smallDisk] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try Self.own(dataDirectory, mode: 0o700)
        try fill(dataDirectory)
        var settings = [
            "port = \(port)", "listen_addresses = '127.0.0.1'", "unix_socket_directories = '\(directory)'",
            "shared_buffers = 16MB", "wal_level = replica", "max_wal_senders = 4", "logging_collector = off",
            "log_line_prefix = '%m [%p] '", "max_connections = 60",
        ]
        if let tls = options.tls {
            let key = directory + "/server.key"
            try FileManager.default.copyItem(atPath: tls.server.key, toPath: key)
            try Self.own(key, mode: 0o600)
            settings += ["ssl = on", "ssl_key_file = '\(key)'", "ssl_cert_file = '\(directory)/server.pem'"]
            try FileManager.default.copyItem(atPath: tls.server.certificate, toPath: directory + "/server.pem")
            try Self.own(directory + "/server.pem", mode: 0o600)
        }
        try append(settings + options.settings, to: "postgresql.conf")
        if !options.access.isEmpty { try setAccess(options.access) }
        try start()
        try waitUntilReady()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
        Watchdog.shared.removed(directory: directory)
    }

    /// A folder for a tablespace.
    package var smallDisk: String { directory + "/small" }

    // MARK: - Its files

    /// The data of a server that was never started. Made once, because that takes a second.
    private static let template = Result { () throws -> String in
        let directory = try makeDirectory() + "/data"
        try run([
            "\(programs)/initdb", "--pgdata", directory, "--username", "postgres", "--auth", "trust", "--no-sync",
            "--encoding", "UTF8", "--locale", "C",
        ])
        return directory
    }

    private static func makeDirectory() throws -> String {
        var template = Array("/tmp/firn-postgres-test.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw EtcdTestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Watchdog.shared.made(directory: directory)
        try own(directory, mode: 0o755)
        return directory
    }

    /// Makes a file or directory the server's, which does not run as root.
    private static func own(_ path: String, mode: mode_t) throws {
        guard chmod(path, mode) == 0 else {
            throw EtcdTestFailure("chmod \(path): \(String(cString: strerror(errno)))")
        }
        guard geteuid() == 0 else { return }
        guard let user = getpwnam("postgres") else { throw EtcdTestFailure("there is no user postgres (\(origin))") }
        guard chown(path, user.pointee.pw_uid, user.pointee.pw_gid) == 0 else {
            throw EtcdTestFailure("chown \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// What a command of the server begins with.
    static var launcher: [String] {
        geteuid() == 0
            ? ["/usr/bin/setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"] : []
    }

    @discardableResult
    static func run(_ command: [String]) throws -> String {
        try EtcdTestSupport.run(launcher + command, origin)
    }

    private func append(_ lines: [String], to name: String) throws {
        let path = dataDirectory + "/" + name
        let present = try String(contentsOfFile: path, encoding: .utf8)
        try write(present + lines.joined(separator: "\n") + "\n", to: path)
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try Self.own(path, mode: 0o600)
    }

    /// Lines of postgresql.conf, for the next start.
    package func set(_ settings: [String]) throws {
        try append(settings, to: "postgresql.conf")
    }

    /// Replaces pg_hba.conf, for the next start.
    package func setAccess(_ lines: [String]) throws {
        try write(lines.joined(separator: "\n") + "\n", to: dataDirectory + "/pg_hba.conf")
    }

    // MARK: - How it runs

    package func start() throws {
        let command = launcher + ["\(Self.programs)/postgres", "-D", dataDirectory]
        let pid = try spawn(command, log: directory + "/log", Self.origin)
        state.withLock { $0.pid = pid }
    }

    package func waitUntilReady() throws {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if let pid = state.withLock({ $0.pid }), waitpid(pid, nil, WNOHANG) == pid {
                Watchdog.shared.ended(pid)
                state.withLock { $0.pid = nil }
                throw EtcdTestFailure("PostgreSQL ended: \(log)")
            }
            let ready = try? Self.run(["/usr/bin/pg_isready", "-h", directory, "-p", "\(port)"])
            if ready != nil { return }
            usleep(10_000)
        }
        throw EtcdTestFailure("PostgreSQL is not ready after 60 s: \(log)")
    }

    package var log: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }

    /// The server and all processes of its sessions.
    private var processes: [pid_t] {
        guard let pid = state.withLock({ $0.pid }) else { return [] }
        let children = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return [pid] + children.split(separator: " ").compactMap { pid_t($0) }
    }

    /// SIGKILL, to all its processes: what was not synced is lost only with the host, but nothing is tidied up.
    package func kill() { end(SIGKILL) }

    /// Closes all sessions, and waits for the end.
    package func stop() { end(SIGINT) }

    /// It keeps its connections, and answers nothing until ``resume()``.
    package func pause() throws {
        guard let parent = processes.first else { return }
        // First the parent, so that no child is added, and none that ends is waited for.
        try stopWholly(parent)
        for child in processes.dropFirst() { try stopWholly(child, orEnded: true) }
    }

    package func resume() {
        for pid in processes { _ = Glibc.kill(pid, SIGCONT) }
    }

    /// After ``kill()`` or ``stop()``: on the same port, with the same data.
    package func restart() throws {
        try start()
        try waitUntilReady()
    }

    private func end(_ number: Int32) {
        let processes = processes
        guard let pid = processes.first else { return }
        if number == SIGKILL {
            _ = Glibc.kill(pid, SIGSTOP)
            processes.dropFirst().forEach { _ = Glibc.kill($0, SIGKILL) }
        }
        _ = Glibc.kill(pid, number)
        // A stopped process takes no other signal but SIGKILL.
        _ = Glibc.kill(pid, SIGCONT)
        _ = waitpid(pid, nil, 0)
        Watchdog.shared.ended(pid)
        state.withLock { $0.pid = nil }
        // Its memory is free for the next start only when the last is gone.
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end, processes.contains(where: { Glibc.kill($0, 0) == 0 }) { usleep(1000) }
    }

    // MARK: - What it is told besides Firn's calls

    /// Runs SQL as the administrator, and returns the rows, columns divided by '|'.
    @discardableResult
    package func sql(_ text: String, database: String = "postgres") throws -> String {
        let command = [
            "/usr/bin/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", directory, "-p", "\(port)", "-U", "postgres",
        ]
        return try Self.run(command + ["-d", database, "-c", text]).trimmingCharacters(in: .newlines)
    }

    /// A role that may log in and has a schema of its own, where its store's table is.
    package func makeRole() throws -> String {
        let number = state.withLock { state -> Int in
            state.roles += 1
            return state.roles
        }
        let role = "firn_\(number)"
        try sql("CREATE ROLE \(role) LOGIN; CREATE SCHEMA \(role) AUTHORIZATION \(role)")
        return role
    }

    /// What `--store` is given.
    package func location(role: String, database: String = "postgres", port: UInt16? = nil) -> String {
        "postgres://\(role)@127.0.0.1:\(port ?? self.port)/\(database)"
    }
}
