/// The highest limit that a daemon was granted, and the store's version, as the daemon records both apart from the
/// store.
///
///     granted/1 serial=12 address=… store=… worker=5 generation=3 limit=5800000 until=1795221600000 version=77 sum=…
///
/// A daemon that gives tickets and never had a worker records only the store's version; its limit is 0.
package struct Grant: Hashable, Sendable {
    /// A digest of the store's address: `sqlite:/var/lib/firn/firn.db`.
    package var address: UInt64
    /// Which store it was.
    package var storeID: UInt64
    package var worker: UInt32
    package var generation: UInt64
    package var limit: StoreInstant
    /// The highest version that the store had given to a write by then.
    package var version: UInt64
    /// The sequence record that this daemon wrote last.
    package var newest: WrittenRecord?
    /// When the store's floor had last been raised by then: only a later repair settles this grant, and no earlier one.
    /// 0: the store had no floor.
    package var repairedAtUnixMilliseconds: UInt64
    /// The store's address, as in `--store`; nil when it is too long for its slot.
    package var storeName: String?

    package init(
        address: UInt64,
        storeID: UInt64,
        worker: UInt32,
        generation: UInt64,
        limit: StoreInstant,
        version: UInt64,
        newest: WrittenRecord? = nil,
        repairedAtUnixMilliseconds: UInt64 = 0,
        storeName: String? = nil
    ) {
        self.address = address
        self.storeID = storeID
        self.worker = worker
        self.generation = generation
        self.limit = limit
        self.version = version
        self.newest = newest
        self.repairedAtUnixMilliseconds = repairedAtUnixMilliseconds
        self.storeName = storeName
    }

    /// Whether a worker was ever granted.
    package var hasWorker: Bool { limit.tick > 0 }

    /// 64-bit FNV-1a. In the worst case, two addresses with one digest make a daemon refuse to serve without need.
    package static func digest(_ text: some StringProtocol) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01B3 }
    }

    package func text(serial: UInt64) -> String {
        var record = RecordText(kind: "granted", version: 1)
        record.append("serial", serial)
        record.append("address", token: address)
        record.append("store", token: storeID)
        record.append("worker", UInt64(worker))
        record.append("generation", generation)
        record.append("limit", limit.tick)
        record.append("until", limit.unixMilliseconds)
        record.append("version", version)
        if let newest {
            record.append("key", newest.key)
            record.append("at", newest.version)
            record.append("content", token: newest.content)
        }
        if repairedAtUnixMilliseconds > 0 { record.append("repaired", repairedAtUnixMilliseconds) }
        if let storeName { record.append("name", storeName) }
        let sum = Self.digest(record.text)
        record.append("sum", token: sum)
        return record.text
    }

    /// Throws `.corrupt` for a text that was written only in part, or not by Firn.
    package static func parsed(_ text: String, path: String) throws(StoreError) -> (grant: Grant, serial: UInt64) {
        var reader = try RecordReader(key: path, text: text, kind: "granted", version: 1)
        let serial = try reader.number("serial")
        let address = try reader.token("address")
        let storeID = try reader.token("store")
        let number = try reader.number("worker")
        guard let worker = UInt32(exactly: number) else { throw reader.broken("worker=\(number) is past 2^32 - 1") }
        let generation = try reader.number("generation")
        let tick = try reader.number("limit")
        var grant = Grant(
            address: address,
            storeID: storeID,
            worker: worker,
            generation: generation,
            limit: StoreInstant(tick: tick, unixMilliseconds: try reader.number("until")),
            version: try reader.number("version")
        )
        if let key = try reader.optionalString("key") {
            let version = try reader.number("at")
            grant.newest = WrittenRecord(key: key, version: version, content: try reader.token("content"))
        }
        grant.repairedAtUnixMilliseconds = try reader.optionalNumber("repaired") ?? 0
        grant.storeName = try reader.optionalString("name")
        _ = try reader.token("sum")
        try reader.end()
        guard grant.text(serial: serial) == text else { throw reader.broken("its sum is not that of its text") }
        return (grant, serial)
    }
}

/// A record as a daemon wrote it. Later the store has this record, or a later version of it.
package struct WrittenRecord: Hashable, Sendable {
    package var key: String
    package var version: UInt64
    /// A digest of the value: two stores that were once the same may both have assigned the version.
    package var content: UInt64

    package init(key: String, version: UInt64, content: UInt64) {
        self.key = key
        self.version = version
        self.content = content
    }

    init(key: String, value: String, version: UInt64) {
        self.init(key: key, version: version, content: Grant.digest(value))
    }

    /// Whether the store still has this record, or a later version of it.
    func isIn(_ store: some Store) throws(StoreError) -> Bool {
        guard let stored = try store.read(key) else { return false }
        if stored.version == version { return Grant.digest(stored.value) == content }
        return stored.version > version
    }
}
