package import FirnWire

/// Identifies a peer in a ``RequestScheduler``: a small number, which is reused after the peer has left.
package struct PeerID: Hashable, Sendable {
    package let slot: Int
}

/// An answer for a peer.
package struct Delivery {
    package let peer: PeerID
    package let response: Response
}
