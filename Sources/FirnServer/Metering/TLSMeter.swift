/// A kind of port that may have TLS.
package enum Door: Int, CaseIterable, Sendable {
    /// The framed protocol.
    case frames
    case http
    case admin
    case grpc

    package var name: String {
        switch self {
        case .frames: "frames"
        case .http: "http"
        case .admin: "admin"
        case .grpc: "grpc"
        }
    }
}

/// Counts what becomes of TLS connections. Any thread may write it.
package final class TLSMeter: Sendable {
    private let failures = Cells<4>()
    private let connections = Cells<2>()

    package init() {
        precondition(Door.allCases.count == 4, "a cell for each door")
    }

    /// A handshake failed, was not finished in time, or showed a certificate that is not allowed.
    package func failedHandshake(at door: Door) {
        failures.addShared(at: door.rawValue)
    }

    /// A connection of the framed protocol was accepted.
    package func accepted() {
        connections.addShared(at: 0)
    }

    /// A connection of the framed protocol was refused, as there are too many.
    package func refused() {
        connections.addShared(at: 1)
    }

    /// - Parameters:
    ///   - doors: the doors that have TLS.
    ///   - expiryUnixSeconds: when the certificate expires.
    package func reading(doors: [Door], expiryUnixSeconds: Int64) -> TLSReading {
        TLSReading(
            failedHandshakes: doors.map { ($0, failures[$0.rawValue]) },
            accepted: connections[0],
            refused: connections[1],
            expiryUnixSeconds: expiryUnixSeconds
        )
    }
}

/// What a ``TLSMeter`` has counted, and when the certificate expires.
package struct TLSReading: Sendable {
    package var failedHandshakes: [(door: Door, count: UInt64)]
    /// Connections of the framed protocol.
    package var accepted: UInt64
    package var refused: UInt64
    package var expiryUnixSeconds: Int64

    package init(
        failedHandshakes: [(door: Door, count: UInt64)],
        accepted: UInt64,
        refused: UInt64,
        expiryUnixSeconds: Int64
    ) {
        self.failedHandshakes = failedHandshakes
        self.accepted = accepted
        self.refused = refused
        self.expiryUnixSeconds = expiryUnixSeconds
    }
}
