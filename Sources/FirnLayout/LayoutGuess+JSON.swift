extension LayoutGuess {
    /// The first candidate, with all of them as `candidates`.
    package var json: JSON {
        guard let first = candidates.first, case .object(let members) = first.json else { return .null }
        return .object(members + [("candidates", .array(candidates.map(\.json)))])
    }
}

extension LayoutGuess.Candidate {
    /// The ID read in the candidate's layout, with whether and why that is plausible.
    package var json: JSON {
        guard case .object(let members) = decoded.json else { return decoded.json }
        return .object(members + [("plausible", .boolean(isPlausible)), ("reason", .string(reason))])
    }
}
