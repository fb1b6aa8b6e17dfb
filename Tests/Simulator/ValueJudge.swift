import FirnStore

/// Compares the values of named sequences that all processes give out.
final class ValueJudge {
    /// What one write reserved.
    private struct Block {
        var instance: UInt64
        var first: UInt64
        var last: UInt64
        var isExcused: Bool
        var process: Int
    }

    private let world: World
    private var blocks: [String: [Block]] = [:]
    private var given: [String: [UInt64: (process: Int, isExcused: Bool)]] = [:]
    private(set) var givenCount = 0
    private(set) var excusedCount = 0
    private(set) var highest: [String: UInt64] = [:]

    init(world: World) { self.world = world }

    func applied(_ applied: Judge.Applied, restores: Int) {
        let key = applied.write.key
        guard let record = try? SequenceRecord(key: key, text: applied.write.value) else {
            return world.violated("\(applied.writer.name) wrote what is no record: \(applied.write)")
        }
        let before = applied.previous.flatMap { try? SequenceRecord(key: key, text: $0.value) }?.reserved ?? 0
        let name = SequenceRecord.name(ofKey: key)
        if record.reserved < before {
            return world.violated("\(applied.writer.name) lowered what is reserved of \(name)")
        }
        guard record.reserved > before, applied.writer.process > 0 else { return }
        let isOfOtherStore = restores > 0 || applied.lineage > 0
        blocks[name, default: []].append(
            Block(
                instance: record.holder.instance,
                first: before + 1,
                last: record.reserved,
                isExcused: isOfOtherStore && applied.version > applied.writer.seen,
                process: applied.writer.process
            )
        )
    }

    func gave(_ run: SequenceRun, of name: String, by giver: Giver) {
        world.count(.value, run.first &* 0x1_0001 &+ run.count)
        givenCount += Int(run.count)
        highest[name] = max(highest[name] ?? 0, run.last)
        let own = (blocks[name] ?? []).filter { giver.instances.contains($0.instance) }
        for value in run.first...run.last {
            guard let block = own.last(where: { $0.first <= value && value <= $0.last }) else {
                return world.violated("\(giver.name) gave \(value) of \(name), which it had not reserved")
            }
            let note = (process: block.process, isExcused: block.isExcused)
            guard let other = given[name, default: [:]].updateValue(note, forKey: value) else { continue }
            if block.isExcused || other.isExcused {
                excusedCount += 1
            } else {
                world.violated(
                    "the value \(value) of \(name) was given twice, by process \(other.process) and by \(giver.name)"
                )
            }
        }
    }
}
