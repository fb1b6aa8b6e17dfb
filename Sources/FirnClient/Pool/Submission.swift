/// A call that is assigned to a connection, with what happened to it on earlier ones.
struct Submission: Sendable {
    let call: Call
    /// How often a connection broke on which the call was in flight.
    private(set) var breaks = 0
    /// Connections with this number or a higher one count: those of one daemon break together, which is one break.
    private var nextToCount = 0
    /// Whether a daemon answered UNAVAILABLE, so that the call is made at another.
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
