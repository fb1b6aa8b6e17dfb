extension String {
    /// The part of a peer's text that is quoted in a message. It is cut by Unicode scalars: a single Character may have
    /// thousands of them.
    package var excerpt: String {
        let end = unicodeScalars.index(startIndex, offsetBy: 100, limitedBy: endIndex) ?? endIndex
        return end == endIndex ? self : String(self[..<end]) + "…"
    }
}
