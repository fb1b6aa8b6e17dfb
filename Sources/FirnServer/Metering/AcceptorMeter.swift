/// Counts the accepted and the refused connections. Only the thread that accepts writes it.
package final class AcceptorMeter: Sendable {
    private let cells = Cells<4>()

    package init() {}

    func accepted(isUnix: Bool) {
        cells.add(at: isUnix ? 0 : 1)
    }

    func refused(_ reason: RefusalReason) {
        cells.add(at: 2 + reason.rawValue)
    }

    package var reading: AcceptorReading {
        AcceptorReading(
            acceptedUnix: cells[0],
            acceptedTCP: cells[1],
            refusedForLimit: cells[2],
            refusedForAccess: cells[3]
        )
    }
}

/// What an ``AcceptorMeter`` has counted.
package struct AcceptorReading: Sendable, Equatable {
    package var acceptedUnix: UInt64
    package var acceptedTCP: UInt64
    package var refusedForLimit: UInt64
    package var refusedForAccess: UInt64

    package init(acceptedUnix: UInt64, acceptedTCP: UInt64, refusedForLimit: UInt64, refusedForAccess: UInt64) {
        self.acceptedUnix = acceptedUnix
        self.acceptedTCP = acceptedTCP
        self.refusedForLimit = refusedForLimit
        self.refusedForAccess = refusedForAccess
    }

    package func refused(_ reason: RefusalReason) -> UInt64 {
        switch reason {
        case .limit: refusedForLimit
        case .access: refusedForAccess
        }
    }
}
