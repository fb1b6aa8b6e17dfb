/// A prefix's numbers, and the next prefix.
///
/// Prefix and number are one value, which changes as a whole: a number is never combined with another prefix than its own.
struct RequestIDNumbers: Sendable {
    struct Given: Sendable, Hashable {
        var prefix: String
        var number: Int
        /// Whether this is the first ID from which on another prefix is needed.
        var wantsPrefix: Bool
    }

    let maximumNumber: Int
    private(set) var prefix: String
    private var lastNumber = 0
    private var nextPrefix: String?
    /// The number from which on the next prefix is needed: the first of the last quarter.
    private let wantingNumber: Int

    /// - Parameter maximumNumber: At least 1.
    init(prefix: String, maximumNumber: Int) {
        precondition(maximumNumber > 0, "a prefix has a number")
        self.prefix = prefix
        self.maximumNumber = maximumNumber
        wantingNumber = maximumNumber - maximumNumber / 4
    }

    /// The next number with its prefix; nil when none is left.
    mutating func next() -> Given? {
        if lastNumber == maximumNumber {
            guard let nextPrefix else { return nil }
            (prefix, lastNumber, self.nextPrefix) = (nextPrefix, 0, nil)
        }
        lastNumber += 1
        return Given(prefix: prefix, number: lastNumber, wantsPrefix: lastNumber == wantingNumber)
    }

    /// Whether the next prefix is needed and not there yet.
    var wantsPrefix: Bool { nextPrefix == nil && lastNumber >= wantingNumber }

    /// The next prefix came.
    mutating func prefixReceived(_ prefix: String) {
        precondition(nextPrefix == nil, "one prefix is asked for at a time")
        nextPrefix = prefix
    }
}
