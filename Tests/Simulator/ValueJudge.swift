import FirnStore

/// Compares the values of named sequences that all processes give out.
final class ValueJudge {
    /// What one write reserved.
    private struct Block {
        var first: UInt64
        var last: UInt64
        var process: Int
        var isExcused: Bool
    }

    private final class Sequence {
        /// By the instance of the process that wrote it.
        var blocks: [UInt64: [Block]] = [:]
        /// What was given out, in increasing order.
        var given: [Block] = []
        /// Whether any of the blocks is excused.
        var hasExcused = false
        /// The record that was written last, and what it reserves: the next one mostly replaces it.
        var last: (text: String, reserved: UInt64)?
    }

    private let world: World
    private var sequences: [String: Sequence] = [:]
    private(set) var givenCount = 0
    private(set) var excusedCount = 0

    init(world: World) { self.world = world }

    private func sequence(_ name: String) -> Sequence {
        if let sequence = sequences[name] { return sequence }
        let sequence = Sequence()
        sequences[name] = sequence
        return sequence
    }

    func applied(_ applied: Judge.Applied, restores: Int) {
        let key = applied.write.key
        guard let record = try? SequenceRecord(key: key, text: applied.write.value) else {
            return world.violated("\(applied.writer.name) wrote what is no record: \(applied.write)")
        }
        let name = SequenceRecord.name(ofKey: key)
        let sequence = sequence(name)
        let before = applied.previous.map { reserved($0.value, key, sequence) } ?? 0
        sequence.last = (applied.write.value, record.reserved)
        if record.reserved < before {
            return world.violated("\(applied.writer.name) lowered what is reserved of \(name)")
        }
        guard record.reserved > before, applied.writer.process > 0 else { return }
        let isExcused = (restores > 0 || applied.lineage > 0) && applied.version > applied.writer.seen
        if isExcused { sequence.hasExcused = true }
        sequence.blocks[record.holder.instance, default: []].append(
            Block(
                first: before + 1,
                last: record.reserved,
                process: applied.writer.process,
                isExcused: isExcused
            )
        )
    }

    private func reserved(_ text: String, _ key: String, _ sequence: Sequence) -> UInt64 {
        if let last = sequence.last, last.text == text { return last.reserved }
        return (try? SequenceRecord(key: key, text: text))?.reserved ?? 0
    }

    /// Consecutive values, given out by a process.
    func gave(_ run: SequenceRun, of name: String, by giver: Giver) {
        world.count(.value, run.first &* 0x1_0001 &+ run.count)
        givenCount += Int(run.count)
        let sequence = sequence(name)
        if let proofTime = giver.witness?.proofTime, proofTime < world.now {
            world.violated(
                "\(giver.name) gave out \(run.first) of \(name) after it was shown that the store had been set back"
            )
        }
        let own = giver.instances.last.flatMap { sequence.blocks[$0] } ?? []
        // A run may be of several blocks.
        var first = run.first
        while first <= run.last {
            guard let block = block(of: own, with: first, isExcusedFirst: sequence.hasExcused) else {
                return world.violated("\(giver.name) gave \(first) of \(name), which it had not reserved")
            }
            var part = block
            (part.first, part.last) = (first, min(block.last, run.last))
            insert(part, sequence, name, giver)
            first = part.last + 1
        }
    }

    /// The block from which a process gives a value. It may have reserved it twice: in a store that was restored, and once more
    /// after that was restored again, by a write whose answer it does not use. Which of the two it gives is not seen.
    private func block(of own: [Block], with value: UInt64, isExcusedFirst: Bool) -> Block? {
        func has(_ block: Block) -> Bool { block.first <= value && value <= block.last }
        if isExcusedFirst, let block = own.last(where: { has($0) && $0.isExcused }) { return block }
        return own.last(where: has)
    }

    private func insert(_ new: Block, _ sequence: Sequence, _ name: String, _ giver: Giver) {
        var low = 0
        var high = sequence.given.count
        if let last = sequence.given.last, last.last < new.first { low = high }
        while low < high {
            let middle = (low + high) / 2
            if sequence.given[middle].last < new.first { low = middle + 1 } else { high = middle }
        }
        if low < sequence.given.count, sequence.given[low].first <= new.last {
            let other = sequence.given[low]
            if new.isExcused || other.isExcused {
                excusedCount += 1
                return
            }
            return world.violated(
                "the value \(max(new.first, other.first)) of \(name) was given twice, by process \(other.process) and by "
                    + giver.name
            )
        }
        if low > 0 {
            let before = sequence.given[low - 1]
            if before.last + 1 == new.first, before.process == new.process, before.isExcused == new.isExcused {
                sequence.given[low - 1].last = new.last
                return
            }
        }
        sequence.given.insert(new, at: low)
    }
}
