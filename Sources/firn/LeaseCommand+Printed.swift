internal import FirnClient
internal import FirnConfiguration
internal import FirnLayout
internal import FirnWire

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// A lease that is printed, after its beginning.
extension LeaseCommand {
    /// The daemon gives no error for a window that is too long for it.
    func warn(ofShorter grant: LeaseGrant) {
        guard let asked = window?.milliseconds, grant.lease.limitTick > grant.lease.firstTick else { return }
        warn(asked: asked, grant.layout, from: grant.lease.firstTick, to: grant.lease.limitTick, of: "")
    }

    private func warn(asked: UInt64, _ layout: Layout, from first: UInt64, to limit: UInt64, of clock: String) {
        let first = layout.unixMilliseconds(ofTick: first)
        let given =
            layout.unixMilliseconds(ofTick: max(limit, 1)) - min(first, layout.unixMilliseconds(ofTick: max(limit, 1)))
        guard given < asked, asked - given > layout.tickNanoseconds / 1_000_000 + 1 else { return }
        let reason =
            limit > layout.maximumTick
            ? "the time of the layout \(layout.name) ends then" : "the daemon's --max-lease-window"
        StandardError.write(
            line: "firn: the lease lasts for \(given) ms\(clock), and not for \(asked) ms: \(reason)"
        )
    }

    /// This host's present tick, of the daemon's layout.
    private func present(_ client: FirnClient) async throws -> (tick: UInt64, layout: Layout) {
        let layout = try await client.daemonDescription().layout
        return (layout.tick(atUnixNanoseconds: Self.unixNanoseconds) ?? 0, layout)
    }

    func extendLease(_ word: String) async throws {
        try await daemon.withClient { client in
            let lease = try LeaseWord(parsing: word).lease
            var limit: UInt64 = 0
            var began: (tick: UInt64, layout: Layout)?
            if let milliseconds = window?.milliseconds {
                let (tick, layout) = try await present(client)
                began = (tick, layout)
                limit = tick + 1 + milliseconds * 1_000_000 / layout.tickNanoseconds
            }
            let outcome: Response.Outcome
            do throws(FirnClientError) {
                outcome = try await client.perform(
                    .lease(.extend(LeaseCall.Hold(lease), token: .random(in: 1...(.max)), limitTick: limit)),
                    timeout: nil
                )
            } catch {
                var error = error
                if error.code == .timedOut || error.code == .connectionClosed {
                    error.message +=
                        " The lease may have been extended all the same: if the next call says that it is lost, lease "
                        + "another."
                }
                throw error
            }
            guard case .leaseExtended(let extended, let limitUnixMilliseconds) = outcome else {
                throw Self.uncheckedAnswer
            }
            if let began, let asked = window?.milliseconds {
                warn(
                    asked: asked,
                    began.layout,
                    from: began.tick,
                    to: extended.limitTick,
                    of: " from now on by this host's clock"
                )
            }
            try write(LeaseVariables(limitOf: extended, limitUnixMilliseconds: limitUnixMilliseconds))
        }
    }

    func releaseLease(_ word: String) async throws {
        try await daemon.withClient { client in
            let lease = try LeaseWord(parsing: word).lease
            // What was used is only known to who used it, by the clock that it had then.
            let call = LeaseCall.release(LeaseCall.Hold(lease), firstUnusedTick: firstUnusedTick ?? 0)
            guard case .leaseReleased(let tick) = try await client.perform(.lease(call), timeout: nil) else {
                throw Self.uncheckedAnswer
            }
            // A shell gives a lease back when it ends, where a line would be one of its output.
            if format == .json { try write(LeaseVariables(freeFromTick: tick)) }
        }
    }

    static var unixNanoseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension DurationText {
    var milliseconds: UInt64? {
        value.map { UInt64(max(0, $0 / .milliseconds(1))) }
    }
}
