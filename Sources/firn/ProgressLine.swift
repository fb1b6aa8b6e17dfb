/// What a terminal shows of long work: one line, written anew once per second.
struct ProgressLine {
    static let intervalNanoseconds: Int64 = 1_000_000_000
    /// Returns to the line's start and empties it.
    static let erasure = "\r\u{1B}[K"

    private var count = 0
    private var time: Int64
    private(set) var isShown = false

    /// - Parameter time: now, in nanoseconds of a clock that is not set back.
    init(time: Int64) {
        self.time = time
    }

    /// The text to write; nil when the last one is less than a second old.
    mutating func text(lines: Int, at now: Int64) -> String? {
        let nanoseconds = now - time
        guard nanoseconds >= Self.intervalNanoseconds else { return nil }
        let rate = Double(lines - count) * 1e9 / Double(nanoseconds)
        (count, time, isShown) = (lines, now, true)
        return
            "\(Self.erasure)\(counted(lines, "line")), \(grouped(UInt64(rate))) per second"
    }

    /// The text that removes the line; nil when none is shown. The line comes again after a second.
    mutating func removal() -> String? {
        guard isShown else { return nil }
        isShown = false
        return Self.erasure
    }
}
