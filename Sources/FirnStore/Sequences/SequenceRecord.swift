/// The store's record of one sequence, under `sequences/<name>`.
///
///     sequence/1 kind=plain increment=1 offset=0 start=1 maximum=9223372036854775807 reserved=4200 host=web-1 pid=412 …
package struct SequenceRecord: Hashable, Sendable {
    package let kind: SequenceKind
    package let progression: SequenceProgression
    /// The start that was last requested; 1 if none ever was.
    package var start: UInt64
    /// Every value up to and including this one was reserved or skipped. The next one to be reserved is the
    /// progression's next value after it. This value is stored and not the next one, because after the last value there
    /// is no next one.
    package var reserved: UInt64
    /// Who wrote it last.
    package var holder: Holder
    /// A random number of this write, by which its writer recognizes it if there was no answer.
    package var writeToken: UInt64

    /// A new sequence, of which nothing is reserved.
    package init(_ parameters: SequenceParameters, holder: Holder, writeToken: UInt64) {
        kind = parameters.kind
        progression = parameters.progression
        start = parameters.start ?? 1
        reserved = start - 1
        self.holder = holder
        self.writeToken = writeToken
    }

    /// The next value that nobody has reserved; nil at the sequence's end.
    package var next: UInt64? { progression.next(after: reserved) }

    /// Whether everything except the start is as in `parameters`.
    package func hasForm(of parameters: SequenceParameters) -> Bool {
        kind == parameters.kind && progression == parameters.progression
    }
}

extension SequenceRecord {
    package static let keyPrefix = "sequences/"

    package static func key(_ name: String) -> String {
        keyPrefix + name
    }

    package static func name(ofKey key: String) -> String {
        precondition(key.hasPrefix(keyPrefix), "only keys of sequences have the name of one")
        return String(key.dropFirst(keyPrefix.utf8.count))
    }

    package var text: String {
        var record = RecordText(kind: "sequence", version: 1)
        switch kind {
        case .plain:
            record.append("kind", "plain")
        case .pinterest(let shard, let type):
            record.append("kind", "pinterest")
            record.append("shard", UInt64(shard))
            record.append("type", UInt64(type))
        case .prefix:
            record.append("kind", "prefix")
        }
        record.append("increment", progression.increment)
        record.append("offset", progression.offset)
        record.append("start", start)
        record.append("maximum", progression.maximum)
        record.append("reserved", reserved)
        record.append("host", holder.host)
        if let pod = holder.pod { record.append("pod", pod) }
        record.append("pid", UInt64(holder.pid))
        record.append("instance", token: holder.instance)
        record.append("write", token: writeToken)
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(key: String, text: String) throws(StoreError) {
        do throws(StoreError) {
            self = try Self.parsed(key: key, text: text)
        } catch {
            guard error.code == .corrupt else { throw error }
            throw StoreError(
                code: .corrupt,
                message: error.message + " (a sequence that was used must not be removed: it would begin again and "
                    + "give its values twice)"
            )
        }
    }

    private static func parsed(key: String, text: String) throws(StoreError) -> SequenceRecord {
        var reader = try RecordReader(key: key, text: text, kind: "sequence", version: 1)
        let kind = try kind(&reader)
        let increment = try reader.number("increment")
        let offset = try reader.number("offset")
        let start = try reader.number("start")
        let maximum = try reader.number("maximum")
        let reserved = try reader.number("reserved")
        let host = try reader.string("host")
        let pod = try reader.optionalString("pod")
        let pidNumber = try reader.number("pid")
        guard let pid = UInt32(exactly: pidNumber) else {
            throw reader.broken("pid=\(pidNumber) is more than 2^32 - 1")
        }
        let holder = Holder(host: host, pod: pod, pid: pid, instance: try reader.token("instance"))
        let writeToken = try reader.token("write")
        try reader.end()
        let parameters: SequenceParameters
        do throws(SequenceParameterError) {
            parameters = try SequenceParameters(
                kind: kind,
                increment: increment,
                offset: offset,
                start: start,
                maximum: maximum
            )
        } catch {
            throw reader.broken(error.message)
        }
        var record = SequenceRecord(parameters, holder: holder, writeToken: writeToken)
        guard reserved >= record.reserved else { throw reader.broken("reserved=\(reserved) is below start=\(start)") }
        guard reserved <= maximum else { throw reader.broken("reserved=\(reserved) is above maximum=\(maximum)") }
        record.reserved = reserved
        return record
    }

    private static func kind(_ reader: inout RecordReader) throws(StoreError) -> SequenceKind {
        let word = try reader.string("kind")
        switch word {
        case "plain": return .plain
        case "prefix": return .prefix
        case "pinterest":
            let shard = try reader.number("shard")
            let type = try reader.number("type")
            do throws(SequenceParameterError) {
                return try .pinterest(checkedShard: shard, checkedType: type)
            } catch {
                throw reader.broken(error.message)
            }
        default:
            throw reader.broken("kind=\(word) is not plain, pinterest or prefix")
        }
    }
}
