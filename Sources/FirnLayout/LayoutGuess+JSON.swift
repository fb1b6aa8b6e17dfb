extension LayoutGuess {
    /// The candidates, the most plausible first, as an object.
    package var json: JSON {
        .object([("candidates", .array(candidates.map(\.json)))])
    }
}

extension LayoutGuess.Candidate {
    /// The ID read in the candidate's layout, with whether and why that is plausible.
    package var json: JSON {
        guard case .object(let members) = decoded.json else { return decoded.json }
        return .object(members + [("plausible", .boolean(isPlausible)), ("reason", .string(reason))])
    }
}
