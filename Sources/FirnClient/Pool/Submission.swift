/// A call on its way to a connection, with what became of it on others.
struct Submission: Sendable {
    let call: Call
    /// How often the connection broke that the call was sent on.
    private(set) var breaks = 0
    /// Connections from this one on count: those of a daemon that dies break together, and are one break.
    private var nextToCount = 0
    /// Whether a daemon answered UNAVAILABLE, and the call goes to another.
    var wasRefused = false

    /// The connection broke after the call was sent on it.
    ///
    /// - Parameter newest: The number of the newest connection there is.
    mutating func connectionBroke(_ connection: Int, newest: Int) {
        guard connection >= nextToCount else { return }
        breaks += 1
        nextToCount = newest + 1
    }
}

extension Submission {
    init(_ call: Call) {
        self.call = call
    }
}
