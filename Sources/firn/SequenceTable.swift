internal import FirnClient
internal import FirnLayout

extension AnswerFormat {
    /// Sequences as a table with a header, or as one JSON object each.
    func lines(for sequences: [FirnSequence]) -> [String] {
        switch self {
        case .text: Table.lines(Self.head, sequences.map(\.cells), textColumns: 2)
        case .json: sequences.map(\.json.text)
        }
    }

    private static let head = ["name", "kind", "next", "increment", "offset", "maximum"]
}

extension FirnSequence {
    /// Without spaces, so that a program can split the columns at them.
    fileprivate var cells: [String] {
        [
            name, kindText, next.map(String.init) ?? "none", "\(increment)", "\(offset)",
            maximum.map(String.init) ?? "none",
        ]
    }

    private var kindText: String {
        switch kind {
        case .plain: "plain"
        case .pinterest(let shard, let type): "pinterest(shard=\(shard),type=\(type))"
        case .prefix: "prefix"
        }
    }

    fileprivate var json: JSON {
        var members: [(name: String, value: JSON)] = [("name", .string(name))]
        switch kind {
        case .plain: members.append(("kind", .string("plain")))
        case .prefix: members.append(("kind", .string("prefix")))
        case .pinterest(let shard, let type):
            members += [("kind", .string("pinterest")), ("shard", .string("\(shard)")), ("type", .string("\(type)"))]
        }
        let numbers = [("next", next), ("increment", increment), ("offset", offset), ("maximum", maximum)]
        return .object(members + numbers.map { ($0.0, $0.1.map { .string("\($0)") } ?? .null) })
    }
}
