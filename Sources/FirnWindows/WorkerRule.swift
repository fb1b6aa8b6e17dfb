/// Which workers a daemon takes.
package enum WorkerRule: Sendable, Hashable {
    /// Free ones, chosen at random.
    case auto
    /// Only this one.
    case fixed(UInt32)
}
