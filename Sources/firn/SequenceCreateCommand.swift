internal import ArgumentParser
internal import FirnClient

struct SequenceCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a sequence, and show it.",
        discussion: """
            A sequence gives the values from 1 to --maximum that leave --offset when divided by --increment: \
            --increment 2 --offset 1 gives 1, 3, 5, …, --increment 2 --offset 0 gives 2, 4, 6, … To make one that is there \
            changes nothing, but a higher --start moves it up: so a database's AUTO_INCREMENT comes over. A start that is \
            not above all that was given is refused. The daemon that answers gives nothing below the start from then on; \
            others go on with the values that they hold until they reserve the next ones.

            A --pinterest sequence gives IDs of the pinterest layout with this shard and type, its values as their local \
            part. A --prefix sequence numbers the instances of a service, for firn prefix.
            """
    )

    @Argument(help: "The sequence's name: 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.")
    var name: String

    @Option(help: "The step from one value to the next, at least 1.")
    var increment: UInt64 = 1

    @Option(help: "The remainder of every value divided by the increment. (default: 0 for increment 1, else 1)")
    var offset: UInt64?

    @Option(help: "The value that nothing is given below, at least 1. (default: 1, or where the sequence is)")
    var start: UInt64?

    @Option(help: "The highest value. (default: 2^63 - 1, or for pinterest 2^36 - 1)")
    var maximum: UInt64?

    @Flag(help: "Give Pinterest's IDs.")
    var pinterest = false

    @Option(help: "The IDs' shard, 0 to 65535 (pinterest).")
    var shard: UInt32?

    @Option(help: "The IDs' type of object, 0 to 1023 (pinterest).")
    var type: UInt32?

    @Flag(help: "Number the instances of a service.")
    var prefix = false

    @Option(help: "How to write the answer.")
    var format = AnswerFormat.text

    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        if let flaw = try definition.flaw { throw ValidationError(flaw) }
    }

    func run() async throws {
        try await daemon.withClient { client in
            let sequence = try await client.createSequence(definition)
            var output = StandardOutput()
            for line in format.lines(for: [sequence]) { try output.write(line: line) }
            try output.flush()
        }
    }

    private var definition: FirnSequence {
        get throws {
            try FirnSequence(
                name: name,
                kind: kind,
                next: start,
                increment: increment,
                offset: offset,
                maximum: maximum
            )
        }
    }

    private var kind: FirnSequence.Kind {
        get throws {
            guard !(pinterest && prefix) else {
                throw ValidationError("--pinterest and --prefix are two kinds of sequences: give one of them.")
            }
            guard pinterest else {
                guard shard == nil, type == nil else {
                    throw ValidationError(
                        "--shard and --type are of Pinterest's IDs: give --pinterest too, or neither."
                    )
                }
                return prefix ? .prefix : .plain
            }
            guard let shard, let type else {
                throw ValidationError("--pinterest needs the shard and the type of its IDs: give --shard and --type.")
            }
            return .pinterest(shard: shard, type: type)
        }
    }
}
