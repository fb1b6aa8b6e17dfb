extension KnownLayout {
    /// The name of a layout that somebody may have meant by another one; nil when none is near.
    static func nearest(to name: String) -> String? {
        let name = name.lowercased()
        guard (2...40).contains(name.utf8.count) else { return nil }
        let names = all.flatMap { [$0.name] + $0.otherNames }
        if names.contains(name) { return name }
        // Who makes such IDs, such as Twitter.
        if let maker = all.first(where: { $0.makers.lowercased().words.contains(name[...]) }) { return maker.name }
        return NearName.of(name, among: names)
    }
}

extension String {
    fileprivate var words: [Substring] { split { !$0.isLetter && !$0.isNumber } }
}
