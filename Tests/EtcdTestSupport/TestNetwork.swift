internal import FirnTestSupport
internal import Foundation

/// Two hosts of a test's own with one wire between them, which can be cut in either direction.
///
/// The hosts are network namespaces (Linux; making them needs root). Each is held by a process that sleeps, so that all is
/// gone when this object is, or the test's process. Nothing of it is seen by, or sees, this machine's own network.
package final class TestNetwork: Sendable {
    package enum Host: CaseIterable, Sendable {
        case daemons, store
    }

    /// What of the traffic is lost: nobody is told, nothing is refused.
    package enum Cut: String, CaseIterable, Sendable {
        /// What the daemons send. What the store sends arrives.
        case requests
        /// What the store sends. What the daemons send arrives, and is done.
        case answers
        case both
    }

    /// Of a block that is nobody's (RFC 5737).
    package let storeAddress = "192.0.2.1"
    private let daemonsAddress = "192.0.2.2"
    /// The processes that hold the hosts.
    private let holders: [Host: pid_t]

    /// Whether this process may make one.
    package static var isAllowed: Bool { geteuid() == 0 }

    package init() throws {
        var holders: [Host: pid_t] = [:]
        for host in Host.allCases {
            holders[host] = try spawn(
                ["/usr/bin/unshare", "--net", "/bin/sleep", "600"],
                log: "/dev/null",
                "util-linux"
            )
        }
        self.holders = holders
        for host in Host.allCases { try waitUntilApart(host) }
        let (daemons, store) = (holders[.daemons]!, holders[.store]!)
        try ip(.daemons, "link add wire netns \(daemons) type veth peer name wire netns \(store)")
        for (host, address) in [(Host.daemons, daemonsAddress), (.store, storeAddress)] {
            try ip(host, "address add \(address)/24 dev wire")
            for link in ["wire", "lo"] { try ip(host, "link set \(link) up") }
        }
    }

    deinit {
        for holder in holders.values {
            kill(holder, SIGKILL)
            _ = waitpid(holder, nil, 0)
            Watchdog.shared.ended(holder)
        }
    }

    /// unshare(1) has left this machine's network some time after it was started.
    private func waitUntilApart(_ host: Host) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        for _ in 0..<5000 {
            if let its = try? FileManager.default.destinationOfSymbolicLink(atPath: path(host)), its != own { return }
            usleep(1000)
        }
        throw EtcdTestFailure("there is no network namespace of the test's own after 5 s")
    }

    private func path(_ host: Host) -> String { "/proc/\(holders[host]!)/ns/net" }

    /// What a command begins with that runs on this host. It becomes the command, by exec(3).
    package func launcher(on host: Host) -> [String] { ["/usr/bin/nsenter", "--net=\(path(host))"] }

    // MARK: - Cutting

    /// From now on, until ``heal()``.
    package func cut(_ cut: Cut) throws {
        // Sent to an address of the wire that nobody has: as with a broken switch, neither end gets an error.
        if cut != .answers {
            try ip(.daemons, "neighbour replace \(storeAddress) lladdr 02:00:00:00:00:01 nud permanent dev wire")
        }
        if cut != .requests {
            try ip(.store, "neighbour replace \(daemonsAddress) lladdr 02:00:00:00:00:01 nud permanent dev wire")
        }
    }

    package func heal() throws {
        try ip(.daemons, "neighbour flush dev wire nud permanent")
        try ip(.store, "neighbour flush dev wire nud permanent")
    }

    private func ip(_ host: Host, _ words: String) throws {
        try run(
            launcher(on: host) + ["/sbin/ip"] + words.split(separator: " ").map(String.init),
            "Debian's iproute2"
        )
    }
}
