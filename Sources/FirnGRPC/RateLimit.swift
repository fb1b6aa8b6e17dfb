internal import NIOCore

/// How many events there may be in a stretch of time.
struct RateLimit {
    private let maximum: Int
    private let length: TimeAmount
    private var count = 0
    private var began = NIODeadline.uptimeNanoseconds(0)

    init(_ maximum: Int, _ length: TimeAmount) {
        self.maximum = maximum
        self.length = length
    }

    /// Counts an event.
    mutating func isExceeded() -> Bool {
        let now = NIODeadline.now()
        if now >= began + length { (began, count) = (now, 0) }
        count += 1
        return count > maximum
    }
}
