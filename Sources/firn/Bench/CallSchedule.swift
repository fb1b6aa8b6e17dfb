/// When the calls of a connection are due that come evenly in time, whatever becomes of those before them.
///
/// Times are nanoseconds since the beginning. They are multiples of the step, so that errors of rounding do not add up.
struct CallSchedule: Equatable {
    private let first: Double
    private let step: Double
    private var taken = 0

    /// The calls of one connection of several, which take turns.
    ///
    /// - Parameter rate: calls per second of all connections together.
    init(rate: Double, connection: Int, of connections: Int) {
        let interval = 1e9 / rate
        first = interval * Double(connection)
        step = interval * Double(connections)
    }

    /// When the next call is due.
    var next: Int64 { Int64((first + step * Double(taken)).rounded(.up)) }

    mutating func take() {
        taken += 1
    }
}
