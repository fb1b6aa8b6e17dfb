/// Who holds a worker: for the message of a refusal, and to recognize one's own record.
package struct Holder: Hashable, Sendable {
    package var host: String
    package var pod: String?
    package var pid: UInt32
    /// A random number of one run of one daemon. Nothing else distinguishes two runs reliably, because hosts, pods and
    /// pids are reused.
    package var instance: UInt64

    package init(host: String, pod: String?, pid: UInt32, instance: UInt64) {
        self.host = host
        self.pod = pod
        self.pid = pid
        self.instance = instance
    }
}

extension Holder {
    /// The pod of a holder that is a command and no daemon: `firn workers release`, `firn store repair`.
    package static let operatorPod = "firn-command"

    package var isOperator: Bool { pod == Self.operatorPod }

    /// Where the holder runs, for messages to people.
    package var text: String {
        let who = isOperator ? "an operator's firn command on " : pod.map { "pod \($0) on " } ?? ""
        return "\(who)host \(host), pid \(pid)"
    }
}

/// The store's record of one worker, under `workers/<number>`.
package struct WorkerRecord: Hashable, Sendable {
    /// Increases by one with every new holder.
    package var generation: UInt64
    /// The first tick that the holder may *not* use. The worker is free once it has passed, unless it is ``used``.
    package var limit: UInt64
    /// The first tick above the limit that nobody can have used: an operator took the worker from a holder that had
    /// been granted more than the limit shows, because its clock was ahead. Of a reserved worker it is the layout's end.
    /// nil when no more was granted than the limit shows.
    package var used: UInt64?
    package var holder: Holder
    /// A random number of this write. A holder whose write got no answer uses it to find out whether the write was
    /// applied. Generation and instance are not enough, because a cloned virtual machine shares both with its original.
    package var writeToken: UInt64
    /// By the holder's wall clock; for people only.
    package var renewedAtUnixMilliseconds: UInt64
    /// The service that has leased the worker from a daemon; nil when the holder is a daemon or a minter that uses the
    /// store itself. In an operator's record, what the worker is reserved for.
    package var lessee: String?

    package init(
        generation: UInt64,
        limit: UInt64,
        used: UInt64? = nil,
        holder: Holder,
        writeToken: UInt64,
        renewedAtUnixMilliseconds: UInt64,
        lessee: String? = nil
    ) {
        precondition(used.map { $0 > limit } ?? true, "what was used ends above the limit, or the limit says all")
        self.generation = generation
        self.limit = limit
        self.used = used
        self.holder = holder
        self.writeToken = writeToken
        self.renewedAtUnixMilliseconds = renewedAtUnixMilliseconds
        self.lessee = lessee
    }
}

extension WorkerRecord {
    /// The token of a holder's last write, which gave the rest of its window back. No other write has it.
    static let givenBackToken: UInt64 = 0

    /// Whether its holder gave it back. In a store that was not set back, no limit of this generation was granted after
    /// that.
    package var isGivenBack: Bool { writeToken == Self.givenBackToken }

    /// What an operator keeps the worker for, so that no daemon claims it: see ``WorkerReservation``. No lease is
    /// ``used`` above its limit, whatever a lessee says of its host and pod.
    package var reservedFor: String? { holder.isOperator && used != nil ? lessee : nil }

    package var isReserved: Bool { reservedFor != nil }

    /// The first tick at which another holder may begin.
    package var freeFrom: UInt64 { max(limit, used ?? 0) }

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

    /// In the lowest format that has what it needs, so that earlier versions can still read the store: format 2 has what
    /// was used above the limit, format 3 the lessee, with that or without.
    package var text: String {
        var record = RecordText(kind: "worker", version: lessee != nil ? 3 : used == nil ? 1 : 2)
        record.append("generation", generation)
        record.append("limit", limit)
        if let used { record.append("used", used) }
        record.append("host", holder.host)
        if let pod = holder.pod { record.append("pod", pod) }
        record.append("pid", UInt64(holder.pid))
        record.append("instance", token: holder.instance)
        record.append("write", token: writeToken)
        record.append("renewed", renewedAtUnixMilliseconds)
        if let lessee { record.append("lessee", lessee) }
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(key: String, text: String) throws(StoreError) {
        let version = text.hasPrefix("worker/1 ") ? 1 : text.hasPrefix("worker/2 ") ? 2 : 3
        var reader = try RecordReader(key: key, text: text, kind: "worker", version: version)
        generation = try reader.number("generation")
        guard generation < UInt64.max else { throw reader.broken("no generation comes after \(generation)") }
        limit = try reader.number("limit")
        let used = version == 2 ? try reader.number("used") : version == 3 ? try reader.optionalNumber("used") : nil
        if let used {
            guard used > limit else { throw reader.broken("used=\(used) is not above limit=\(limit)") }
            self.used = used
        }
        let host = try reader.string("host")
        let pod = try reader.optionalString("pod")
        let pidNumber = try reader.number("pid")
        guard let pid = UInt32(exactly: pidNumber) else {
            throw reader.broken("pid=\(pidNumber) is more than 2^32 - 1")
        }
        holder = Holder(host: host, pod: pod, pid: pid, instance: try reader.token("instance"))
        writeToken = try reader.token("write")
        renewedAtUnixMilliseconds = try reader.number("renewed")
        if version == 3 {
            let lessee = try reader.string("lessee")
            guard !lessee.isEmpty else { throw reader.broken("lessee= is empty") }
            self.lessee = lessee
        }
        try reader.end()
    }
}
