/// The daemon's listening sockets.
///
/// The accepting threads close them. Other threads may check whether their files still exist, and restore them.
package final class Listeners: Sendable {
    private let listeners: [Listener]
    let isUnix: [Bool]
    package let addresses: [ListenAddress]

    /// Opens all `addresses` and takes over the `inherited` descriptors. When one fails, none stays open.
    package init(
        _ addresses: [ListenAddress],
        inherited: [Int32] = [],
        ownership: SocketOwnership = SocketOwnership(),
        allowsAnyHost: Bool = false,
        ipv6Only: Set<ListenAddress> = []
    ) throws(ListenError) {
        var listeners: [Listener] = []
        for descriptor in inherited {
            listeners.append(try Listener(inherited: descriptor, allowsAnyHost: allowsAnyHost))
        }
        for address in addresses {
            listeners.append(
                try Listener(
                    address,
                    ownership: ownership,
                    allowsAnyHost: allowsAnyHost,
                    isIPv6Only: ipv6Only.contains(address)
                )
            )
        }
        self.listeners = listeners
        isUnix = listeners.map { $0.isUnix }
        self.addresses = listeners.map { $0.address }
    }

    var descriptors: [Int32] { listeners.map { $0.descriptor } }

    /// Whether each socket's file is the one that was bound. Costs a system call for each.
    package var areInPlace: Bool { listeners.allSatisfy { $0.isInPlace } }

    /// Binds the sockets again whose files were removed or replaced.
    ///
    /// - Returns: the address of each of those, and why it could not be bound; `nil` when it was.
    package func restore() -> [(address: ListenAddress, error: ListenError?)] {
        var outcomes: [(address: ListenAddress, error: ListenError?)] = []
        for listener in listeners where !listener.isInPlace {
            do throws(ListenError) {
                try listener.restore()
                outcomes.append((listener.address, nil))
            } catch {
                outcomes.append((listener.address, error))
            }
        }
        return outcomes
    }

    /// Switches to the sockets that were bound again.
    func takeReplacements() -> [(index: Int, old: FileDescriptor)] {
        listeners.enumerated().compactMap { index, listener in
            listener.takeReplacement().map { (index, $0) }
        }
    }

    /// Stops listening and removes the sockets' files.
    func close() {
        listeners.forEach { $0.close() }
    }
}
