package import FirnStore
internal import FirnWire

/// What answers requests on the store's thread, beside the sequences.
package struct Desks: Sendable {
    /// `nil`: no workers are leased.
    package var leases: LeaseDesk?
    /// `nil`: the store's records are not served.
    package var records: RecordDesk?

    package init(leases: LeaseDesk? = nil, records: RecordDesk? = nil) {
        self.leases = leases
        self.records = records
    }
}

/// Reads and writes records of the daemon's store for daemons that have it for theirs.
///
/// Each of these keeps its own workers and blocks of sequences, and trusts a record as much as it would in a store that it
/// reaches itself. What it may write is a daemon's: workers, sequences and the time, each in its form. The layout, and the floor
/// that a repair raises, are the store's owner's.
package final class RecordDesk: Sendable {
    private let store: any Store
    private let maximumWorker: UInt32
    /// Of a record, in bytes; so that a page of them is far below what a client reads.
    private static let maximumLength = 2048

    package init(store: any Store, maximumWorker: UInt32) {
        self.store = store
        self.maximumWorker = maximumWorker
    }

    /// Makes the calls to the store.
    func answer(_ call: StoreCall) -> StoreReply.Content {
        do throws(Status) {
            switch call {
            case .read(let keys):
                return .store(.records(zip(keys, store.read(keys)).map(Self.record)))
            case .list(let prefix, let after, let limit):
                return .store(.records(try list(prefix: prefix, after: after, limit: limit)))
            case .write(let writes):
                return .store(.results(try write(writes)))
            case .highestVersion:
                return .store(.highestVersion(try highestVersion()))
            }
        } catch {
            return .refused(error)
        }
    }

    private static func record(
        _ key: String,
        _ result: Result<StoredValue?, StoreError>
    ) -> Result<StoreAnswers.Record, Status> {
        switch result {
        case .success(let value):
            .success(StoreAnswers.Record(key: key, value: value?.value ?? "", version: value?.version ?? 0))
        case .failure(let error):
            .failure(Status(error))
        }
    }

    private func list(
        prefix: String,
        after: String,
        limit: UInt32
    ) throws(Status) -> [Result<StoreAnswers.Record, Status>] {
        do throws(StoreError) {
            return try store.list(prefix: prefix, after: after.isEmpty ? nil : after, limit: Int(limit)).map {
                .success(StoreAnswers.Record(key: $0.key, value: $0.value, version: $0.version))
            }
        } catch {
            throw Status(error)
        }
    }

    private func highestVersion() throws(Status) -> UInt64 {
        do throws(StoreError) {
            return try store.highestVersion()
        } catch {
            throw Status(error)
        }
    }

    private func write(_ writes: [StoreCall.Write]) throws(Status) -> [Result<UInt64, Status>] {
        guard Set(writes.map(\.key)).count == writes.count else {
            throw Status(.invalidArgument, "a request writes one record of the store twice; send two requests")
        }
        for write in writes { try check(write) }
        let outcomes = store.write(
            writes.map {
                StoreWrite(
                    key: $0.key,
                    value: $0.value,
                    ifVersion: $0.ifVersion == 0 ? nil : $0.ifVersion,
                    ifValue: $0.ifValue.isEmpty ? nil : $0.ifValue
                )
            }
        )
        return outcomes.map { outcome in
            switch outcome {
            case .success(.written(let version)): .success(version)
            case .success(.conflict): .success(0)
            case .failure(let error): .failure(Status(error))
            }
        }
    }

    /// - Throws: why a daemon does not write such a record.
    private func check(_ write: StoreCall.Write) throws(Status) {
        guard write.value.utf8.count <= Self.maximumLength else {
            throw Status(
                .invalidArgument,
                "the record \(write.key) would have \(write.value.utf8.count) bytes; a daemon's has at most \(Self.maximumLength)"
            )
        }
        do throws(StoreError) {
            if write.key.hasPrefix(WorkerRecord.keyPrefix) {
                let worker = try WorkerRecord.worker(ofKey: write.key)
                _ = try WorkerRecord(key: write.key, text: write.value)
                guard worker <= maximumWorker else {
                    throw StoreError(code: .corrupt, message: "the layout has workers up to \(maximumWorker)")
                }
                return
            }
            if write.key.hasPrefix(SequenceRecord.keyPrefix) {
                _ = try SequenceRecord(key: write.key, text: write.value)
                return
            }
        } catch {
            throw Status(.invalidArgument, "the record \(write.key) cannot be written so: \(error.message)")
        }
        guard write.key == "clock" else {
            throw Status(
                .permissionDenied,
                "the record \(write.key) is not written for another daemon; use the store itself"
            )
        }
    }
}

extension Status {
    /// A store's failure, for a daemon that has the store for its own: ABORTED for one that was set back, FAILED_PRECONDITION
    /// where somebody must do something, and UNAVAILABLE where the same call may succeed later.
    fileprivate init(_ error: StoreError) {
        let code: Code =
            error.isOfAnotherStore ? .aborted : error.needsSomebody ? .failedPrecondition : .unavailable
        self.init(code, "\(error)", retryAfterMilliseconds: code == .unavailable ? 1000 : 0)
    }
}
