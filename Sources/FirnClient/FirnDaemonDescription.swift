public import FirnLayout
internal import FirnWire

/// What a daemon says of itself.
public struct FirnDaemonDescription: Sendable, Hashable {
    /// The daemon's version.
    public var version: String
    /// How its IDs are cut.
    public var layout: Layout
    /// The workers that it holds now; none while its store has given it no window.
    public var workers: [UInt32]
    /// The largest count that it takes in one call.
    public var maximumBatch: Int

    /// Makes a description, for instance in a test of code that takes one.
    public init(version: String, layout: Layout, workers: [UInt32], maximumBatch: Int) {
        self.version = version
        self.layout = layout
        self.workers = workers
        self.maximumBatch = maximumBatch
    }

    init(_ description: DaemonDescription) {
        self.init(
            version: description.version,
            layout: description.layout,
            workers: description.workers,
            maximumBatch: Int(description.maximumBatch)
        )
    }
}
