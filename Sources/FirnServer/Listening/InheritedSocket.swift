internal import Glibc

/// A socket that systemd passed to the daemon, and what is served on it.
///
/// Several socket units are passed in no fixed order (systemd.socket(5)), so a socket's purpose is given by its name:
/// `FileDescriptorName=` in its unit.
package struct InheritedSocket: Equatable, Sendable {
    /// The protocol on a socket. The raw values are the names.
    package enum Purpose: String, Sendable, CaseIterable {
        /// The framed protocol. Also for a socket without a name, as from a launcher that sets none.
        case frames = "firn"
        case http
        case grpc
        case admin
    }

    package let descriptor: Int32
    package let purpose: Purpose

    /// The sockets that the environment describes.
    ///
    /// - Throws: when a name is none of these, or when there are more or fewer names than sockets: on the wrong
    ///   socket, a protocol would get the clients of another one.
    package static func all() throws(ListenError) -> [InheritedSocket] {
        let descriptors = Listener.inheritedDescriptors()
        guard !descriptors.isEmpty, let text = getenv("LISTEN_FDNAMES").map({ String(cString: $0) }) else {
            return descriptors.map { InheritedSocket(descriptor: $0, purpose: .frames) }
        }
        let names = text.split(separator: ":", omittingEmptySubsequences: false)
        guard names.count == descriptors.count else {
            throw .configuration(
                "LISTEN_FDNAMES is '\(text)', and LISTEN_FDS says that there are \(descriptors.count); give each socket one name"
            )
        }
        var sockets: [InheritedSocket] = []
        for (descriptor, name) in zip(descriptors, names) {
            // sd_listen_fds_with_names(3): the name that a socket without a name gets.
            guard let purpose = name == "unknown" ? .frames : Purpose(rawValue: String(name)) else {
                throw .configuration(
                    "the inherited socket \(descriptor) has the name '\(name)'; "
                        + "set FileDescriptorName= in its unit to firn (for IDs in frames), http, grpc or admin"
                )
            }
            sockets.append(InheritedSocket(descriptor: descriptor, purpose: purpose))
        }
        return sockets
    }
}
