extension JSON {
    /// An object with what a person should know of it as its last members, `hints` and `warnings`. Each is left out where
    /// it is empty. No field of a layout has one of these names.
    package func adding(hints: [String], warnings: [String] = []) -> JSON {
        guard case .object(var members) = self else { return self }
        for (name, sentences) in [("hints", hints), ("warnings", warnings)] where !sentences.isEmpty {
            members.append((name, .array(sentences.map(JSON.string))))
        }
        return .object(members)
    }
}
