extension LayoutGuess {
    /// What a person should know of the answer, as sentences.
    ///
    /// - Parameter count: How many IDs were given.
    package func remarks(ofIDs count: Int) -> [String] {
        [failure(ofIDs: count), clockRemark(ofIDs: count)].compactMap(\.self)
    }

    /// A sentence about the layout that would come first if its times were not ahead of this clock; nil if none would, or if
    /// they are more than two days ahead: a time zone's hours are the usual mistake.
    ///
    /// - Parameter count: How many IDs were given.
    package func clockRemark(ofIDs count: Int) -> String? {
        let mostAhead = 2 * 86_400.0
        let ahead = candidates.compactMap { candidate in
            candidate.withOtherClock.map {
                (name: candidate.known.name, evidence: $0.evidence, seconds: $0.secondsAhead)
            }
        }
        let first = candidates.first { $0.isPlausible && $0.known.layout.hasTime }
        guard let best = ahead.filter({ $0.seconds <= mostAhead }).max(by: { $0.evidence < $1.evidence }),
            best.evidence > first?.evidence ?? -.infinity, let length = Self.text(ofSeconds: best.seconds)
        else { return nil }
        let time = count == 1 ? "the ID's time is" : "the latest time is"
        return
            "In \(best.name) \(time) \(length) ahead of this clock; but for that, \(best.name) would come first. Either a "
            + "clock is wrong, or the layout."
    }

    /// Why no layout with a time is plausible, as a sentence; nil if one is.
    ///
    /// - Parameter count: How many IDs were given.
    package func failure(ofIDs count: Int) -> String? {
        guard let first = candidates.first, !candidates.contains(where: { $0.isPlausible && $0.known.layout.hasTime })
        else { return nil }
        let isOne = count == 1
        let subject = isOne ? "\(first.decoded.id) a plausible time" : "all \(count) IDs plausible times"
        let reasons = Obstacle.allCases.compactMap { obstacle -> String? in
            let number = candidates.count { !$0.isPlausible && $0.obstacle == obstacle }
            return number == 0 ? nil : "in \(number) \(obstacle.text(ofOne: isOne))"
        }
        let others = candidates.filter(\.isPlausible).map(\.known.name).joined(separator: ", ")
        let rest = others.isEmpty ? "" : " \(others) is possible, and has no time."
        let advice = isOne ? "" : " If they are of several systems, guess them one by one."
        return "No known layout gives \(subject): \(reasons.joined(separator: ", "))." + rest + advice
    }

    /// Kinds of reasons for which a layout is implausible.
    fileprivate enum Obstacle: CaseIterable {
        case fixedBits, future, past

        func text(ofOne isOne: Bool) -> String {
            switch self {
            case .fixedBits: "unused or constant bits differ"
            case .future: isOne ? "the time is in the future" : "a time is in the future"
            case .past: isOne ? "the time is before its first day" : "a time is before its first day"
            }
        }
    }
}

extension LayoutGuess.Candidate {
    fileprivate var obstacle: LayoutGuess.Obstacle {
        reason.hasPrefix(LayoutGuess.future)
            ? .future : reason.hasPrefix("its time is before") ? .past : .fixedBits
    }
}
