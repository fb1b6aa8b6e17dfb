package import FirnStore
internal import SwiftProtobuf

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A store in an etcd cluster, with its version 3 API: for daemons on many hosts.
///
/// A version is etcd's revision of the key's last write, so it increases with every write anywhere in the cluster. A
/// cluster that was restored from a snapshot continues from the snapshot, and assigns revisions again. Reads are
/// linearizable: they see every write that was answered before, whichever member answered it.
///
/// Calls block for ``EtcdConfiguration/timeout`` at most. No connection is made, and no thread started, before the
/// first call; all connections share one thread. A read goes from endpoint to endpoint until one answers. A write does
/// so only as long as it provably was not sent; after that, a write without an answer may or may not be done.
///
/// Several reads or writes of one call are put into a few transactions, which are sent together on one connection. Those
/// of one transaction have one answer: without it, all of them are in doubt.
package final class EtcdStore: Store {
    let configuration: EtcdConfiguration
    let cluster: EtcdCluster

    /// Records of one page of a list: some 200 KiB of workers, far below the 4 MiB that a message may have.
    static let pageLength: Int64 = 1000

    /// How often a list is read again from its beginning because etcd no longer had the revision of the first page.
    private static let maximumListings = 3

    package init(_ configuration: EtcdConfiguration) {
        self.configuration = configuration
        cluster = EtcdCluster(configuration)
    }

    /// Closes the connections. Calls in progress fail, and later ones connect again.
    package func close() {
        cluster.close()
    }

    deinit { cluster.close() }

    package func read(_ key: String) throws(StoreError) -> StoredValue? {
        checkKey(key)
        var request = Etcdserverpb_RangeRequest()
        request.key = Data(fullKey(key).utf8)
        let response: Etcdserverpb_RangeResponse = try perform("read \(key) from", .range, request)
        return try response.kvs.first.map { pair throws(StoreError) in
            StoredValue(value: try value(of: pair, key: key), version: UInt64(pair.modRevision))
        }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        for _ in 1..<Self.maximumListings {
            if let records = try listOnce(prefix: prefix, mayBeginAnew: true) { return records }
        }
        return try listOnce(prefix: prefix, mayBeginAnew: false) ?? []
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        let first = fullKey(prefix)
        var request = Etcdserverpb_RangeRequest()
        // The least key above the last one of the page before.
        request.key = after.map { Data(fullKey($0).utf8) + [0] } ?? Data(first.utf8)
        request.rangeEnd = Self.endOfRange(of: first)
        request.limit = min(Int64(limit), Self.pageLength)
        let page: Etcdserverpb_RangeResponse = try perform("list \(prefix) of", .range, request)
        return try page.kvs.map { pair throws(StoreError) in try record(pair) }
    }

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try write([StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)])[0].get()
    }

    /// The cluster's revision, which other applications' writes increase too.
    package func highestVersion() throws(StoreError) -> UInt64 {
        var request = Etcdserverpb_RangeRequest()
        // A key that this user may read, whatever role it has. It does not matter whether the key exists.
        request.key = Data(fullKey(LayoutRecord.key).utf8)
        let response: Etcdserverpb_RangeResponse = try perform("read the revision of", .range, request)
        return UInt64(response.header.revision)
    }
}

extension EtcdStore {
    func fullKey(_ key: String) -> String { configuration.keyPrefix + key }

    func value(of pair: Mvccpb_KeyValue, key: String) throws(StoreError) -> String {
        guard let text = String(validating: pair.value, as: UTF8.self) else {
            throw StoreError(
                code: .corrupt,
                message:
                    "the value of \(configuration.keyPrefix)\(key) in etcd is not UTF-8 text: remove it, Firn did not "
                    + "write it"
            )
        }
        return text
    }

    private func perform<Request: Message, Response: Message>(
        _ what: String,
        _ method: EtcdMethod,
        _ request: Request
    ) throws(StoreError) -> Response {
        do throws(EtcdClusterFailure) {
            return try cluster.perform(method, request)
        } catch {
            throw error.storeError(doing: what)
        }
    }

    /// All pages of a list, at the revision of the first; `nil` if that revision is no longer in etcd's history.
    private func listOnce(prefix: String, mayBeginAnew: Bool) throws(StoreError) -> [StoredRecord]? {
        let first = fullKey(prefix)
        var request = Etcdserverpb_RangeRequest()
        request.key = Data(first.utf8)
        request.rangeEnd = Self.endOfRange(of: first)
        request.limit = Self.pageLength
        var records: [StoredRecord] = []
        while true {
            let page: Etcdserverpb_RangeResponse
            do throws(EtcdClusterFailure) {
                page = try cluster.perform(.range, request)
            } catch {
                if mayBeginAnew, error.saysReadAnew { return nil }
                throw error.storeError(doing: "list \(prefix) of")
            }
            for pair in page.kvs { records.append(try record(pair)) }
            guard page.more, let last = page.kvs.last else { return records }
            request.revision = page.header.revision
            // The least key above the last one.
            request.key = last.key + [0]
        }
    }

    private func record(_ pair: Mvccpb_KeyValue) throws(StoreError) -> StoredRecord {
        let bytes = pair.key.dropFirst(configuration.keyPrefix.utf8.count)
        guard let key = String(validating: bytes, as: UTF8.self) else {
            throw StoreError(
                code: .corrupt,
                message: "a key below \(configuration.keyPrefix) in etcd is not text (\(Array(pair.key))): remove it, "
                    + "Firn did not write it"
            )
        }
        return StoredRecord(key: key, value: try value(of: pair, key: key), version: UInt64(pair.modRevision))
    }

    /// The first key after all that begin with `prefix`, which is ASCII and not empty.
    private static func endOfRange(of prefix: String) -> Data {
        var end = Data(prefix.utf8)
        end[end.count - 1] += 1
        return end
    }
}
