package import NIOCore

/// What secures the connections of a listener: it adds handlers, such as TLS's, to a new channel's pipeline. They have to
/// be added before all others.
package struct ChannelSecurity: Sendable {
    package let secure: @Sendable (any Channel) throws -> Void

    package init(secure: @escaping @Sendable (any Channel) throws -> Void) {
        self.secure = secure
    }
}
