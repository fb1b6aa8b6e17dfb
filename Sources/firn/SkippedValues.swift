internal import FirnStore

/// How many values each sequence of a restored store skips: `--skip-values 100000 --skip-values orders=20`.
struct SkippedValues {
    private var all: UInt64?
    private var named: [String: UInt64] = [:]

    /// - Throws: ``Refusal`` for an invalid text, or two texts for the same sequences.
    init(parsing texts: [String]) throws {
        for text in texts {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count <= 2, let count = UInt64(parts.last!), parts.count == 1 || !parts[0].isEmpty else {
                throw Refusal(
                    message: "--skip-values is '\(text)': write a number, or NAME=NUMBER for one sequence.",
                    exitCode: .usage
                )
            }
            let isSecond: Bool
            if parts.count == 2 {
                isSecond = named.updateValue(count, forKey: String(parts[0])) != nil
            } else {
                isSecond = all != nil
                all = count
            }
            guard !isSecond else {
                throw Refusal(
                    message: "--skip-values \(text) is the second for the same sequences: give one.",
                    exitCode: .usage
                )
            }
        }
    }

    /// How many values the sequences skip that the store has no record of.
    ///
    /// - Parameters:
    ///   - present: how many values earlier repairs skipped.
    ///   - remembered: a sequence that this host's daemons wrote to.
    /// - Throws: ``Refusal`` if no number was given for them although there were sequences, or if it is too large.
    func countForOthers(after present: UInt64, remembered: String?) throws -> UInt64 {
        guard let count = all ?? (remembered == nil ? 0 : nil) else {
            throw Refusal(
                message:
                    "This host's daemons wrote to \(remembered ?? "sequences"), and what the store does not have begins anew: say "
                    + "by --skip-values how many values each sequence is to leave out, 0 if none were given.",
                exitCode: .usage
            )
        }
        guard count <= Self.maximum, present <= Self.maximum - count else {
            throw Refusal(
                message:
                    "--skip-values \(count) would leave new sequences no values (repairs may leave out \(Self.maximum) in all, "
                    + "and have left out \(present)). Nothing was changed: give less.",
                exitCode: .usage
            )
        }
        return count
    }

    /// Half of the values of a sequence with default parameters.
    private static let maximum: UInt64 = 1 << 62

    /// The number for each of the store's sequences. All are checked before anything is written.
    ///
    /// - Throws: ``Refusal`` with the sequences' names, if a sequence has no number or has fewer values left.
    func counts(for sequences: [StoreReport.Sequence]) throws -> [(name: String, count: UInt64)] {
        let names = Set(sequences.map(\.name))
        let unknown = named.keys.filter { !names.contains($0) }.sorted()
        guard unknown.isEmpty else {
            throw Refusal(
                message: "--skip-values names what the store does not have: \(Self.list(unknown)).",
                exitCode: .usage
            )
        }
        let unsaid = sequences.map(\.name).filter { named[$0] == nil && all == nil }
        guard unsaid.isEmpty else {
            throw Refusal(
                message:
                    "The store has \(sequences.count) sequences, which may have given values since it was copied: say by "
                    + "--skip-values how many each is to leave out, 0 if none were given. Nothing is said of \(Self.list(unsaid)).",
                exitCode: .usage
            )
        }
        let counts = sequences.map { (name: $0.name, count: named[$0.name] ?? all ?? 0) }
        let tooShort = zip(sequences, counts).compactMap { sequence, skip -> String? in
            let left = sequence.record.progression.count(after: sequence.record.reserved)
            // A sequence at its end has nothing to skip, and stays at its end.
            return left > 0 && skip.count > left ? "\(sequence.name) (\(left) left)" : nil
        }
        guard tooShort.isEmpty else {
            throw Refusal(
                message:
                    "--skip-values is more than these sequences have left, and would use them up for good: "
                    + "\(Self.list(tooShort)). Nothing was changed: give less, or what each of them can leave out by "
                    + "--skip-values NAME=NUMBER.",
                exitCode: .usage
            )
        }
        return counts
    }

    private static let maximumNamed = 20

    private static func list(_ names: [String]) -> String {
        let more = names.count > maximumNamed ? " and \(names.count - maximumNamed) more" : ""
        return names.prefix(maximumNamed).joined(separator: ", ") + more
    }
}
