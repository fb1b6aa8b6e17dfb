package import FirnStore
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Several reads or writes in one call.
extension EtcdStore {
    /// How many reads or writes one transaction has. etcd accepts 128 operations in one (`--max-txn-ops`), together with
    /// those of the transactions in it.
    private static let maximumOperations = 64
    /// How many bytes of values one transaction writes; a larger value has a transaction of its own. etcd accepts 1.5 MiB
    /// in one request (`--max-request-bytes`).
    private static let maximumBytes = 256 * 1024

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        let parts = Self.parts(keys) { _ in 0 }
        let requests = parts.map { part in
            Etcdserverpb_TxnRequest.with { $0.success = keys[part].map(readOperation) }
        }
        let answers: [Result<Etcdserverpb_TxnResponse, EtcdClusterFailure>] = cluster.perform(
            .readTransaction,
            requests
        )
        return zip(parts, answers).flatMap { part, answer in
            Self.results(of: answer, Array(keys[part]), mayBeBare: false, doing: { "read \($0) from" }) {
                number,
                response in
                let key = keys[part.lowerBound + number]
                return Result { () throws(StoreError) in
                    try response.responses[number].responseRange.kvs.first.map { pair throws(StoreError) in
                        StoredValue(value: try value(of: pair, key: key), version: UInt64(pair.modRevision))
                    }
                }
            }
        }
    }

    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        var results = [Result<WriteOutcome, StoreError>](repeating: .success(.conflict), count: writes.count)
        // In etcd, 0 is the revision of a key that does not exist. No record of Firn ever has it.
        let possible = writes.indices.filter {
            writes[$0].ifVersion != 0 && Int64(exactly: writes[$0].ifVersion ?? 0) != nil
        }
        let parts = Self.parts(possible) { writes[$0].value.utf8.count + (writes[$0].ifValue?.utf8.count ?? 0) }
        let answers: [Result<Etcdserverpb_TxnResponse, EtcdClusterFailure>] = cluster.perform(
            .transaction,
            parts.map { part in transaction(possible[part].map { writes[$0] }) }
        )
        for (part, answer) in zip(parts, answers) {
            let keys = possible[part].map { writes[$0].key }
            let outcomes = Self.results(of: answer, keys, mayBeBare: true, doing: { "write \($0) to" }) {
                number,
                response -> Result<WriteOutcome, StoreError> in
                let isWritten = keys.count == 1 ? response.succeeded : response.responses[number].responseTxn.succeeded
                return .success(isWritten ? .written(version: UInt64(response.header.revision)) : .conflict)
            }
            for (number, outcome) in zip(possible[part], outcomes) { results[number] = outcome }
        }
        return results
    }

    /// One write, or several that are independent of each other: transactions in a transaction without a condition.
    private func transaction(_ writes: [StoreWrite]) -> Etcdserverpb_TxnRequest {
        let transactions = writes.map(transaction)
        if transactions.count == 1 { return transactions[0] }
        return .with { outer in
            outer.success = transactions.map { inner in .with { $0.requestTxn = inner } }
        }
    }

    private func transaction(_ write: StoreWrite) -> Etcdserverpb_TxnRequest {
        checkKey(write.key)
        let fullKey = Data(fullKey(write.key).utf8)
        var request = Etcdserverpb_TxnRequest()
        request.compare = [
            .with { compare in
                compare.result = .equal
                compare.target = .mod
                compare.key = fullKey
                compare.modRevision = Int64(write.ifVersion ?? 0)
            }
        ]
        if let ifValue = write.ifValue {
            request.compare.append(
                .with { compare in
                    compare.result = .equal
                    compare.target = .value
                    compare.key = fullKey
                    compare.value = Data(ifValue.utf8)
                }
            )
        }
        request.success = [
            .with { operation in
                operation.requestPut.key = fullKey
                operation.requestPut.value = Data(write.value.utf8)
            }
        ]
        return request
    }

    private func readOperation(_ key: String) -> Etcdserverpb_RequestOp {
        checkKey(key)
        return .with { $0.requestRange.key = Data(fullKey(key).utf8) }
    }

    /// The results of one transaction's operations, one for each key. An error names the key that it is of.
    private static func results<Value>(
        of answer: Result<Etcdserverpb_TxnResponse, EtcdClusterFailure>,
        _ keys: [String],
        mayBeBare: Bool,
        doing what: (String) -> String,
        _ result: (Int, Etcdserverpb_TxnResponse) -> Result<Value, StoreError>
    ) -> [Result<Value, StoreError>] {
        switch answer {
        case .failure(let failure):
            return keys.map { .failure(failure.storeError(doing: what($0))) }
        case .success(let response):
            // A single write has no operation if its conditions do not hold.
            guard response.responses.count == keys.count || (mayBeBare && keys.count == 1) else {
                return keys.map { key in
                    let message =
                        "cannot \(what(key)) etcd (it may have been done all the same): it answered "
                        + "\(response.responses.count) of \(keys.count) operations; does a proxy between change them?"
                    return .failure(StoreError(code: .unavailable, message: message))
                }
            }
            return keys.indices.map { result($0, response) }
        }
    }

    /// Cuts `items` into the parts that one transaction has.
    private static func parts<Item>(_ items: [Item], bytes: (Item) -> Int) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var (first, size) = (0, 0)
        for (number, item) in items.enumerated() {
            let more = bytes(item)
            if number > first, number - first == maximumOperations || size + more > maximumBytes {
                parts.append(first..<number)
                (first, size) = (number, 0)
            }
            size += more
        }
        if first < items.count { parts.append(first..<items.count) }
        return parts
    }
}
