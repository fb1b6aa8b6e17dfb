/// What threads wait for now, and which waits have become long enough to be reported.
///
/// Pure: time is passed in, in boot nanoseconds. A wait is reported when it has lasted for `patience`, and then each
/// time that it has doubled.
struct StallTable {
    /// One wait that is long.
    struct Stall: Equatable {
        let what: Waited
        let nanoseconds: Int64
    }

    /// What is waited for: a constant, and the record that it is about.
    struct Waited: Equatable, CustomStringConvertible {
        let operation: String
        let key: String

        var description: String { key.isEmpty ? operation : "\(operation) \(key)" }
    }

    private struct Wait {
        let what: Waited
        let began: Int64
        var toldAt: Int64
        var isTold = false
    }

    private let patience: Int64
    private var waits: [UInt64: Wait] = [:]
    private var lastNumber: UInt64 = 0

    init(patience: Int64) {
        precondition(patience > 0, "a wait takes some time before it is long")
        self.patience = patience
    }

    /// Records that a thread begins to wait.
    ///
    /// - Returns: its number, for ``ended(_:now:)``.
    mutating func began(_ what: Waited, now: Int64) -> UInt64 {
        lastNumber += 1
        waits[lastNumber] = Wait(what: what, began: now, toldAt: now + patience)
        return lastNumber
    }

    /// - Returns: how long the wait was, when it was reported before.
    mutating func ended(_ number: UInt64, now: Int64) -> Stall? {
        guard let wait = waits.removeValue(forKey: number), wait.isTold else { return nil }
        return Stall(what: wait.what, nanoseconds: now - wait.began)
    }

    /// The waits that are due to be reported now.
    mutating func due(now: Int64) -> [Stall] {
        var stalls: [Stall] = []
        for (number, wait) in waits.sorted(by: { $0.key < $1.key }) where wait.toldAt <= now {
            let length = now - wait.began
            stalls.append(Stall(what: wait.what, nanoseconds: length))
            waits[number]!.isTold = true
            waits[number]!.toldAt = wait.began + 2 * length
        }
        return stalls
    }

    /// When the next report is due, unless the wait ends before; `nil` when no thread waits.
    var nextDue: Int64? { waits.values.lazy.map(\.toldAt).min() }

    /// The wait that began first among those that were reported.
    func longest(now: Int64) -> Stall? {
        waits.values.filter(\.isTold).min { $0.began < $1.began }
            .map { Stall(what: $0.what, nanoseconds: now - $0.began) }
    }
}
