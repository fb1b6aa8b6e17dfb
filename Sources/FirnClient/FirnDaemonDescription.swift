public import FirnLayout
internal import FirnWire

/// A daemon's answer to ``FirnClient/daemonDescription(timeout:)``.
public struct FirnDaemonDescription: Sendable, Hashable {
    /// The daemon's version, such as `0.1.0`.
    public var version: String
    /// The layout of its IDs.
    public var layout: Layout
    /// The numbers of the workers that it holds now; empty while its store has given it no window.
    public var workers: [UInt32]
    /// The largest number of IDs, or of tickets, that it gives in one call: 1 to 65,536.
    public var maximumBatchSize: Int

    /// Makes a description, for instance in a test of code that takes one.
    public init(version: String, layout: Layout, workers: [UInt32], maximumBatchSize: Int) {
        self.version = version
        self.layout = layout
        self.workers = workers
        self.maximumBatchSize = maximumBatchSize
    }

    init(_ description: DaemonDescription) {
        self.init(
            version: description.version,
            layout: description.layout,
            workers: description.workers,
            maximumBatchSize: Int(description.maximumBatch)
        )
    }
}
