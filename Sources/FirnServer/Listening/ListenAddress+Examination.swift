extension ListenAddress {
    /// Checks whether this address can be listened on, and leaves it as it was: a port is bound for a moment and not
    /// listened on, which does not affect other programs; a socket's file is not created.
    ///
    /// - Throws: what opening a ``Listener`` there would throw.
    package func examine(allowsAnyHost: Bool, name: String, isIPv6Only: Bool) throws(ListenError) {
        switch self {
        case .unix(let path):
            try SocketFile.examine(path)
            if SocketFile.isServed(path) { throw .occupied("\(name) is served by another program") }
        case .tcp(let host, let port), .tls(let host, let port):
            _ = try TCPBinding(
                host: host,
                port: port,
                allowsAnyHost: allowsAnyHost,
                name: name,
                isIPv6Only: isIPv6Only
            ).bind()
        }
    }
}

extension ListenError {
    /// Whether the only problem is that another program listens there now.
    package var isOfAnother: Bool { exitCode == 75 }
}
