internal import FirnLayout

/// What `firn decode --guess` prints.
enum GuessTable {
    /// Lines for a person: the plausible layouts first.
    static func lines(_ guess: LayoutGuess) -> [String] {
        let head = ["layout", "time", "worker", "sequence"]
        let rows = guess.candidates.map { candidate in
            let decoded = candidate.decoded
            return [
                candidate.known.name, decoded.utc?.description ?? "-", decoded.worker.map(String.init) ?? "-",
                decoded.sequence.map(String.init) ?? "-",
            ]
        }
        let lines = Table.lines(head, rows, textColumns: 2)
        let reasons = guess.candidates.map { $0.isPlausible ? $0.reason : "no: \($0.reason)" }
        return zip(lines, ["why"] + reasons).map { "\($0)  \($1)" }
    }

    /// An object for each layout, in the same order.
    static func objects(_ guess: LayoutGuess) -> [String] {
        guess.candidates.map(\.json.text)
    }
}
