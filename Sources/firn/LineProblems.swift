/// Messages of lines that are no IDs: the first ones are shown, and the others only counted.
struct LineProblems {
    static let maximumMessages = 20

    private(set) var count = 0

    /// The message to show; nil from the 21st on.
    mutating func message(line: Int, reason: String) -> String? {
        count += 1
        return count > Self.maximumMessages ? nil : "firn: line \(line): \(reason)"
    }

    /// How many were not shown; nil when all were.
    var summary: String? {
        guard count > Self.maximumMessages else { return nil }
        return "firn: \(grouped(UInt64(count))) lines are no IDs; the first \(Self.maximumMessages) are shown."
    }
}

/// A number of things whose plural ends in `s`: `1 line`, `1,234 lines`.
func counted(_ number: Int, _ thing: String) -> String {
    "\(grouped(UInt64(number))) \(thing)\(number == 1 ? "" : "s")"
}

/// A number in decimal with commas between thousands.
func grouped(_ number: UInt64) -> String {
    let digits = String(number)
    return digits.enumerated().reduce(into: "") { text, digit in
        if digit.offset > 0, (digits.count - digit.offset).isMultiple(of: 3) { text += "," }
        text.append(digit.element)
    }
}
