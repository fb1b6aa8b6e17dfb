internal import EtcdTestSupport
internal import Foundation

extension PostgresServer {
    /// Starts a server that copies this one, asynchronously, and is only read until it is promoted.
    package func makeStandby() throws -> PostgresServer {
        try PostgresServer(Options()) { directory in
            try Self.run([
                "\(Self.programs)/pg_basebackup", "-D", directory, "-h", self.directory, "-p", "\(port)", "-U",
                "postgres",
                "-R", "--checkpoint", "fast", "--no-sync",
            ])
        }
    }

    /// Waits until a standby has all that this server has written.
    package func waitUntilCopied(to standby: PostgresServer) throws {
        let position = try sql("SELECT pg_current_wal_flush_lsn()")
        for _ in 0..<3000 {
            if try standby.sql("SELECT pg_last_wal_replay_lsn() >= '\(position)'") == "t" { return }
            usleep(10_000)
        }
        throw EtcdTestFailure("the standby has not copied in 30 s: \(standby.log)")
    }

    /// Makes a standby a server that can be written to.
    package func promote() throws {
        guard try sql("SELECT pg_promote(wait_seconds => 60)") == "t" else {
            throw EtcdTestFailure("the standby was not promoted: \(log)")
        }
    }
}
