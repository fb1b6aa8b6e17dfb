package import FirnWire

/// Names a peer to a ``RequestScheduler``: a small number, which is used again when the peer has left.
package struct PeerID: Hashable, Sendable {
    let slot: Int
}

/// An answer on its way to a peer.
package struct Delivery {
    package let peer: PeerID
    package let response: Response
}
