extension LayoutGuess {
    /// Texts read as IDs of one format, and which known layouts those IDs can be of.
    public struct Reading: Sendable {
        /// The format, without a fixed width.
        public let format: IDFormat
        /// The IDs of the texts, in their order; of more than ``LayoutGuess/maximumIDs`` the first.
        public let ids: [FirnID]
        /// The layouts. Those whose system writes its IDs in this format are likelier.
        public let guess: LayoutGuess
    }

    /// Reads texts as IDs where it is not known in which format they are written, and compares the IDs with layouts.
    ///
    /// ```swift
    /// let readings = LayoutGuess.readings(of: ["5Wj8yQ8QrH2"], now: now)
    /// if let best = readings.first { print(best.format, best.guess.candidates[0].known.name) }
    /// ```
    ///
    /// - Parameters:
    ///   - texts: IDs of one system, as it wrote them, in the order in which they were made if it is known.
    ///   - now: The present.
    ///   - layouts: The layouts to compare with.
    /// - Returns: Texts that are all decimal IDs, or all hexadecimal ones with `0x`, are read as these alone. Others are read in each format in which all are
    ///   IDs, the most plausible reading first. Empty if there is no text, or no format for all.
    public static func readings(
        of texts: [String],
        now: UTCTime,
        among layouts: [KnownLayout] = KnownLayout.all
    ) -> [Reading] {
        let texts = texts.prefix(maximumIDs)
        guard let first = texts.first else { return [] }
        let readings = IDFormat.formats(reading: first).compactMap { format -> Reading? in
            let ids = texts.compactMap { try? FirnID(parsing: $0, format: format) }
            guard ids.count == texts.count else { return nil }
            let guess = LayoutGuess(ids, writtenIn: format, now: now, among: layouts)
            return Reading(format: format, ids: ids, guess: guess)
        }
        let certain: IDFormat = texts.allSatisfy { $0.hasPrefix("0x") || $0.hasPrefix("0X") } ? .hex : .decimal
        if let reading = readings.first(where: { $0.format == certain }) { return [reading] }
        // The formats' own order where the evidence is the same.
        return readings.enumerated().sorted {
            ($0.element.bestEvidence, $1.offset) > ($1.element.bestEvidence, $0.offset)
        }.map(\.element)
    }

    /// A sentence for a person on how texts were read, and in which formats they are IDs as well; nil if they are decimal.
    ///
    /// - Parameter readings: What ``readings(of:now:among:)`` gave; the first is taken.
    public static func note(on readings: [Reading]) -> String? {
        guard let first = readings.first, first.format != .decimal else { return nil }
        let others = readings.dropFirst().map(\.format.name)
        let alternatives =
            others.isEmpty
            ? ""
            : " as the most plausible; they are IDs in \(others.joined(separator: ", ")) as well"
        return "The IDs are not decimal and were read as \(first.format)\(alternatives)."
    }
}

extension LayoutGuess.Reading {
    fileprivate var bestEvidence: Double { guess.candidates.first?.evidence ?? -.infinity }
}
