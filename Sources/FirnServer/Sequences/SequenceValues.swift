internal import FirnLayout
internal import FirnStore
internal import FirnWire

/// The answer with values of a sequence.
enum SequenceValues {
    static func outcome(
        _ first: SequenceRun,
        _ second: SequenceRun?,
        _ kind: SequenceKind,
        of key: Sequences.Key
    ) -> Response.Outcome {
        guard kind != .prefix else { return .newPrefix("\(key.name)-\(first.first)") }
        let base = base(of: kind)
        guard let second else { return .nextTickets([run(first, base)]) }
        return .nextTickets([run(first, base), run(second, base)])
    }

    /// What is added to a value to make an ID: Pinterest's shard and type, above the local part.
    private static func base(of kind: SequenceKind) -> UInt64 {
        guard case .pinterest(let shard, let type) = kind else { return 0 }
        do throws(LayoutError) {
            return try Layout.pinterest.makeID(shard: UInt64(shard), type: UInt64(type), local: 0).rawValue
        } catch {
            preconditionFailure("the store has checked shard and type: \(error)")
        }
    }

    private static func run(_ values: SequenceRun, _ base: UInt64) -> Run {
        // A call takes at most one batch, whose size has 32 bits.
        Run(first: FirnID(rawValue: base + values.first), count: UInt32(values.count), stride: values.increment)
    }
}
