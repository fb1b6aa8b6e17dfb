/// The highest limit that a daemon was granted, as it remembers it apart from the store.
///
///     granted/1 serial=12 address=… store=… worker=5 generation=3 limit=5800000 until=1795221600000 version=77 sum=…
package struct Grant: Hashable, Sendable {
    /// A digest of where the store was found: `sqlite:/var/lib/firn/firn.db`.
    package var address: UInt64
    /// Which store it was.
    package var storeID: UInt64
    package var worker: UInt32
    package var generation: UInt64
    package var limit: StoreInstant
    /// The highest version that the store had given to a write by then.
    package var version: UInt64

    package init(
        address: UInt64,
        storeID: UInt64,
        worker: UInt32,
        generation: UInt64,
        limit: StoreInstant,
        version: UInt64
    ) {
        self.address = address
        self.storeID = storeID
        self.worker = worker
        self.generation = generation
        self.limit = limit
        self.version = version
    }

    /// 64-bit FNV-1a: two addresses with one digest would at worst make a daemon refuse that need not.
    package static func digest(_ text: some StringProtocol) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0100_0000_01B3 }
    }

    func text(serial: UInt64) -> String {
        var record = RecordText(kind: "granted", version: 1)
        record.append("serial", serial)
        record.append("address", token: address)
        record.append("store", token: storeID)
        record.append("worker", UInt64(worker))
        record.append("generation", generation)
        record.append("limit", limit.tick)
        record.append("until", limit.unixMilliseconds)
        record.append("version", version)
        let sum = Self.digest(record.text)
        record.append("sum", token: sum)
        return record.text
    }

    /// Throws `.corrupt` for a text that was written in part, or not by Firn.
    static func parsed(_ text: String, path: String) throws(StoreError) -> (grant: Grant, serial: UInt64) {
        var reader = try RecordReader(key: path, text: text, kind: "granted", version: 1)
        let serial = try reader.number("serial")
        let address = try reader.token("address")
        let storeID = try reader.token("store")
        let number = try reader.number("worker")
        guard let worker = UInt32(exactly: number) else { throw reader.broken("worker=\(number) is past 2^32 - 1") }
        let generation = try reader.number("generation")
        let tick = try reader.number("limit")
        let grant = Grant(
            address: address,
            storeID: storeID,
            worker: worker,
            generation: generation,
            limit: StoreInstant(tick: tick, unixMilliseconds: try reader.number("until")),
            version: try reader.number("version")
        )
        _ = try reader.token("sum")
        try reader.end()
        guard grant.text(serial: serial) == text else { throw reader.broken("its sum is not that of its text") }
        return (grant, serial)
    }
}
