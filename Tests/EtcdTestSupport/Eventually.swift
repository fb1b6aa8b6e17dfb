internal import Foundation

/// Asks until there is something, for a minute; `nil` after that.
package func eventually<Value>(_ body: () throws -> Value?) rethrows -> Value? {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if let value = try body() { return value }
        usleep(20_000)
    }
    return nil
}
