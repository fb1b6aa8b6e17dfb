package import FirnClient
package import FirnLayout
package import FirnStore
package import FirnWire

/// The leases of a daemon, through a client whose `run()` runs. Each call blocks its thread until the client answers, which
/// is within its timeout.
package final class DaemonLeases: LeaseCalls {
    private let client: FirnClient
    private let lessee: LeaseCall.Beginning
    private let layout: Layout
    private let timeout: Duration

    /// - Parameters:
    ///   - lessee: the caller; the rest of it is filled in.
    ///   - layout: that the daemons must have.
    ///   - timeout: of each call.
    package init(client: FirnClient, lessee: LeaseCall.Beginning, layout: Layout, timeout: Duration) {
        self.client = client
        self.lessee = lessee
        self.layout = layout
        self.timeout = timeout
    }

    package func begin(windowTicks: UInt64, notBefore: UInt64, at now: StoreInstant) throws(StoreError) -> WorkerLease {
        var beginning = lessee
        let (window, isTooLong) = windowTicks.multipliedReportingOverflow(by: layout.tickNanoseconds)
        // Rounded up: less than a tick would be the daemon's choice.
        beginning.windowMilliseconds = isTooLong ? .max : window / 1_000_000 + (window % 1_000_000 == 0 ? 0 : 1)
        beginning.notBeforeTick = notBefore
        beginning.unixMilliseconds = now.unixMilliseconds
        let outcome: Response.Outcome
        do throws(FirnClientError) {
            outcome = try perform(.begin(beginning))
        } catch {
            throw StoreError(error)
        }
        guard case .leased(let grant) = outcome else { throw Self.uncheckedAnswer }
        // The client may have gone to another daemon since the layout was asked for.
        guard grant.layout == layout else {
            let hold = LeaseCall.Hold(grant.lease)
            _ = try? perform(.release(hold, firstUnusedTick: grant.lease.firstTick))
            throw StoreError(
                code: .layoutDiffers,
                message:
                    "the daemon that leases has the layout \(grant.layout.name), and the one before had \(layout.name): "
                    + "give the client addresses of one cluster, and make another minter"
            )
        }
        return WorkerLease(grant.lease)
    }

    package func extend(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        token: UInt64,
        toLimit limit: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        let hold = LeaseCall.Hold(Lease(lease), unansweredTokens: unanswered)
        do throws(FirnClientError) {
            guard case .leaseExtended(let answer, _) = try perform(.extend(hold, token: token, limitTick: limit)) else {
                throw FirnClientError(code: .protocolViolation, message: Self.uncheckedAnswer.message)
            }
            var lease = WorkerLease(answer)
            lease.firstTick = min(lease.firstTick, lease.limit)
            return .holding(lease)
        } catch {
            guard error.code == .aborted else { throw StoreError(error) }
            return .lost(to: nil)
        }
    }

    package func release(
        _ lease: WorkerLease,
        unanswered: [UInt64],
        firstUnusedTick: UInt64
    ) throws(StoreError) -> LeaseHoldOutcome {
        let hold = LeaseCall.Hold(Lease(lease), unansweredTokens: unanswered)
        do throws(FirnClientError) {
            guard case .leaseReleased(let tick) = try perform(.release(hold, firstUnusedTick: firstUnusedTick)) else {
                throw FirnClientError(code: .protocolViolation, message: Self.uncheckedAnswer.message)
            }
            var lease = lease
            lease.limit = tick
            return .holding(lease)
        } catch {
            guard error.code == .aborted else { throw StoreError(error) }
            return .lost(to: nil)
        }
    }

    private func perform(_ call: LeaseCall) throws(FirnClientError) -> Response.Outcome {
        try BlockingCall(client, .lease(call), timeout: timeout).wait()
    }

    private static let uncheckedAnswer = StoreError(
        code: .unavailable,
        message: "the daemon answered another call than was made: report this"
    )
}

extension StoreError {
    /// Why a daemon leased nothing, in the kinds that a window keeper knows.
    init(_ error: FirnClientError) {
        self.init(code: error.isRetryable ? .unavailable : .refused, message: error.message)
    }
}

extension Lease {
    init(_ lease: WorkerLease) {
        self.init(
            worker: lease.worker,
            generation: lease.generation,
            instance: lease.instance,
            token: lease.token,
            firstTick: lease.firstTick,
            limitTick: lease.limit
        )
    }
}

extension WorkerLease {
    init(_ lease: Lease) {
        self.init(
            worker: lease.worker,
            generation: lease.generation,
            instance: lease.instance,
            token: lease.token,
            firstTick: lease.firstTick,
            limit: lease.limitTick
        )
    }
}
