internal import CFirnProto
internal import FirnLayout

/// Answers to the calls for leases and for the store's records.
extension FrameBuffer {
    /// The answer to LeaseWorker.
    package func appendLease(callID: UInt64, _ grant: LeaseGrant) {
        var outcome = Firn__V1__LeaseWorkerResponse()
        firn__v1__lease_worker_response__init(&outcome)
        outcome.epoch_unix_ms = grant.layout.epochUnixMilliseconds
        outcome.tick_ns = grant.layout.tickNanoseconds
        outcome.limit_unix_ms = grant.limitUnixMilliseconds
        let length = 128 + Lease.maximumMessageLength + grant.layout.sharedText.utf8.count
        grant.lease.withMessage { lease in
            Self.withMessage(of: grant.layout) { layout in
                outcome.lease = lease
                outcome.layout = layout
                withUnsafeMutablePointer(to: &outcome) { pointer in
                    var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_LEASE_WORKER)
                    response.lease_worker = pointer
                    appendFrame(&response, maximumLength: length)
                }
            }
        }
    }

    /// The answer to ExtendLease.
    package func appendExtendedLease(callID: UInt64, _ lease: Lease, limitUnixMilliseconds: UInt64) {
        var outcome = Firn__V1__ExtendLeaseResponse()
        firn__v1__extend_lease_response__init(&outcome)
        outcome.limit_unix_ms = limitUnixMilliseconds
        lease.withMessage { lease in
            outcome.lease = lease
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_EXTEND_LEASE)
                response.extend_lease = pointer
                appendFrame(&response, maximumLength: 64 + Lease.maximumMessageLength)
            }
        }
    }

    /// The answer to ReleaseLease.
    package func appendReleasedLease(callID: UInt64, freeFromTick: UInt64) {
        var outcome = Firn__V1__ReleaseLeaseResponse()
        firn__v1__release_lease_response__init(&outcome)
        outcome.free_from_tick = freeFromTick
        withUnsafeMutablePointer(to: &outcome) { pointer in
            var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_RELEASE_LEASE)
            response.release_lease = pointer
            appendFrame(&response, maximumLength: 48)
        }
    }

    /// The answer to a call for the store's records.
    package func appendStoreAnswers(callID: UInt64, _ answers: StoreAnswers) {
        answers.withMessage { outcome in
            withUnsafeMutablePointer(to: &outcome) { pointer in
                var response = Self.response(callID, FIRN__V1__RESPONSE__OUTCOME_STORE)
                response.store = pointer
                appendFrame(&response, maximumLength: 32 + answers.maximumLength)
            }
        }
    }
}
