import FirnTestSupport
import Testing

@testable import firn

/// Arguments that begin with a hyphen and a digit are values.
@Suite(.timeLimit(Firnd.patience)) struct NegativeArgumentsTests {
    @Test(arguments: [
        ("decode 1 -2", "decode 1 {-2}"), ("decode --guess -2", "decode --guess {-2}"),
        ("decode --histogram -2", "decode --histogram {-2}"), ("decode --column -1", "decode --column=-1"),
        ("decode --layout -5 -6", "decode --layout=-5 {-6}"), ("range -1h now", "range {-1h} now"),
        ("range --format json -1h -5min", "range --format json {-1h} {-5min}"),
        ("compose --sequence -1 --time -1h", "compose --sequence=-1 --time=-1h"), ("compose -1", "compose -1"),
        ("store repair --raise-to -1h", "store repair --raise-to=-1h"),
        ("store adopt --above-id 7 -5 -6 --yes -1", "store adopt --above-id 7 {-5} {-6} --yes -1"),
        ("store adopt --above-id=7 -5", "store adopt --above-id=7 {-5}"), ("next -n -1", "next -n -1"),
        ("decode -- --layout -1", "decode -- --layout {-1}"), ("range -h", "range -h"), ("decode -", "decode -"),
        ("decode -x1", "decode -x1"), ("", ""),
    ])
    func keepsThem(line: String, expected: String) {
        let words = line.split(separator: " ").map(String.init)
        // A space in an argument is shown by braces around it.
        let kept = NegativeArguments.kept(words).map { $0.hasPrefix(" ") ? "{\($0.dropFirst())}" : $0 }
        #expect(kept.joined(separator: " ") == expected)
    }

    /// An option that is not in the list would take the next option for its value.
    @Test(arguments: ["decode", "range", "compose"])
    func allOptionsWithAValueAreKnown(subcommand: String) throws {
        let help = try Command.run(subcommand, "--help").output
        let words = help.split { $0.isWhitespace || $0 == "[" || $0 == "]" }
        let withValue = zip(words, words.dropFirst()).filter { $0.hasPrefix("--") && $1.hasPrefix("<") }
        #expect(!withValue.isEmpty)
        // The value of --histogram may be left out, so a number behind it is an ID.
        let options = Set(withValue.map { String($0.0) }).subtracting(["--histogram"])
        #expect(options.isSubset(of: NegativeArguments.options), "\(options)")
    }
}
