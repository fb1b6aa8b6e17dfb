/// Who holds a worker: for the reader of a refusal, and to know one's own record again.
package struct Holder: Hashable, Sendable {
    package var host: String
    package var pod: String?
    package var pid: UInt32
    /// A random number of one run of one daemon. Nothing else tells two runs apart for sure: hosts, pods and pids
    /// all come again.
    package var instance: UInt64

    package init(host: String, pod: String?, pid: UInt32, instance: UInt64) {
        self.host = host
        self.pod = pod
        self.pid = pid
        self.instance = instance
    }
}

extension Holder {
    /// For people: where the holder runs.
    package var text: String {
        "\(pod.map { "pod \($0) on " } ?? "")host \(host), pid \(pid)"
    }
}

/// What the store knows of one worker, under `workers/<number>`.
package struct WorkerRecord: Hashable, Sendable {
    /// Rises by one with every new holder.
    package var generation: UInt64
    /// The first tick that the holder may *not* use. The worker is free once it has passed.
    package var limit: UInt64
    package var holder: Holder
    /// A random number of this very write. A holder whose write got no answer knows by it whether it was applied;
    /// generation and instance would not do, as a cloned virtual machine has both in common with its original.
    package var writeToken: UInt64
    /// By the holder's wall clock; for people only.
    package var renewedAtUnixMilliseconds: UInt64

    package init(
        generation: UInt64,
        limit: UInt64,
        holder: Holder,
        writeToken: UInt64,
        renewedAtUnixMilliseconds: UInt64
    ) {
        self.generation = generation
        self.limit = limit
        self.holder = holder
        self.writeToken = writeToken
        self.renewedAtUnixMilliseconds = renewedAtUnixMilliseconds
    }
}

extension WorkerRecord {
    /// The token of a holder's last write, by which it gave the rest of its window back: no other write has it.
    static let givenBackToken: UInt64 = 0

    /// Whether its holder gave it back. In a store that was left alone, no limit of this generation was ever granted after.
    var isGivenBack: Bool { writeToken == Self.givenBackToken }

    package static let keyPrefix = "workers/"

    package static func key(_ worker: UInt32) -> String {
        keyPrefix + String(worker)
    }

    package static func worker(ofKey key: String) throws(StoreError) -> UInt32 {
        guard let worker = UInt32(key.dropFirst(keyPrefix.utf8.count)), Self.key(worker) == key else {
            throw StoreError(
                code: .corrupt,
                message: "the key \(key) is not \(keyPrefix) and a number: remove it, Firn did not write it"
            )
        }
        return worker
    }

    package var text: String {
        var record = RecordText(kind: "worker", version: 1)
        record.append("generation", generation)
        record.append("limit", limit)
        record.append("host", holder.host)
        if let pod = holder.pod { record.append("pod", pod) }
        record.append("pid", UInt64(holder.pid))
        record.append("instance", token: holder.instance)
        record.append("write", token: writeToken)
        record.append("renewed", renewedAtUnixMilliseconds)
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(key: String, text: String) throws(StoreError) {
        var reader = try RecordReader(key: key, text: text, kind: "worker", version: 1)
        generation = try reader.number("generation")
        guard generation < UInt64.max else { throw reader.broken("no generation comes after \(generation)") }
        limit = try reader.number("limit")
        let host = try reader.string("host")
        let pod = try reader.optionalString("pod")
        let pidNumber = try reader.number("pid")
        guard let pid = UInt32(exactly: pidNumber) else {
            throw reader.broken("pid=\(pidNumber) is more than 2^32 - 1")
        }
        holder = Holder(host: host, pod: pod, pid: pid, instance: try reader.token("instance"))
        writeToken = try reader.token("write")
        renewedAtUnixMilliseconds = try reader.number("renewed")
        try reader.end()
    }
}
