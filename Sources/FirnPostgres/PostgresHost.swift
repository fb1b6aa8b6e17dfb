/// One of the hosts of an address, as libpq divides their lists.
struct PostgresHost: Hashable, Sendable, CustomStringConvertible {
    /// A name, an address, or the folder of a Unix socket; nil: libpq's default.
    var host: String?
    /// The numeric address, where the name is not to be looked up.
    var address: String?
    var port: String?

    var description: String {
        let name = host ?? address ?? "the local socket"
        guard let port else { return name }
        return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
    }

    /// What libpq is given in place of the lists.
    var parameters: [PostgresAddress.Parameter] {
        [("host", host), ("hostaddr", address), ("port", port)].compactMap { keyword, value in
            PostgresAddress.Parameter(keyword: keyword, value: value ?? "")
        }
    }

    /// At least one. A list of ports is as long as that of hosts, or one port is for all.
    static func list(hosts: String?, addresses: String?, ports: String?) -> [PostgresHost] {
        let (hosts, addresses, ports) = (parts(hosts), parts(addresses), parts(ports))
        return (0..<max(1, hosts.count, addresses.count)).map { index in
            PostgresHost(
                host: element(hosts, index),
                address: element(addresses, index),
                port: ports.count == 1 ? element(ports, 0) : element(ports, index)
            )
        }
    }

    private static func parts(_ list: String?) -> [Substring] {
        list?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    }

    private static func element(_ list: [Substring], _ index: Int) -> String? {
        guard index < list.count, !list[index].isEmpty else { return nil }
        return String(list[index])
    }
}
