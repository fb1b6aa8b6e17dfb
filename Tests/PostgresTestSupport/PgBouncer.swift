internal import EtcdTestSupport
internal import FirnTestSupport
internal import Foundation
internal import Synchronization

/// A real PgBouncer in transaction mode in front of a server: each transaction is on any of its few connections.
package final class PgBouncer: Sendable {
    package let port: UInt16
    private let directory: String
    private let pid = Mutex<pid_t?>(nil)

    /// - Parameter connections: how many it has to the server, for each role.
    package init(to server: PostgresServer, roles: [String], connections: Int) throws {
        let ports = try freePorts(1)
        port = ports[0]
        directory = server.directory + "/pgbouncer-\(port)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let users = roles.map { "\"\($0)\" \"\"\n" }.joined()
        try Data(users.utf8).write(to: URL(fileURLWithPath: directory + "/users"))
        let settings = """
            [databases]
            * = host=127.0.0.1 port=\(server.port)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = trust
            auth_file = \(directory)/users
            pool_mode = transaction
            default_pool_size = \(connections)
            server_round_robin = 1

            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: directory + "/pgbouncer.ini"))
        let command = PostgresServer.launcher + ["/usr/sbin/pgbouncer", directory + "/pgbouncer.ini"]
        let started = try spawn(command, log: server.directory + "/pgbouncer.log", "Debian's pgbouncer")
        pid.withLock { $0 = started }
        for _ in 0..<3000 {
            if let socket = try? connectedSocket(port: port) {
                close(socket)
                return
            }
            usleep(10_000)
        }
        throw EtcdTestFailure("PgBouncer is not ready after 30 s")
    }

    deinit {
        pid.withLock { pid in
            guard let pid else { return }
            kill(pid, SIGKILL)
            _ = waitpid(pid, nil, 0)
            Watchdog.shared.ended(pid)
        }
    }
}
