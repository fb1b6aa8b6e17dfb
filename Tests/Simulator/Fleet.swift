import FirnLayout

/// What all processes of a run have in common.
struct Cluster {
    let world: World
    let server: StoreServer
    let judge: Judge
    let plan: Plan
    let fleet = Fleet()
    var layout: Layout { plan.layout }
}

/// All processes that a run has had.
final class Fleet {
    var all: [Daemon] = []
    /// How many starts ended because the store was found set back.
    var refusals = 0
}

/// A thread that takes IDs.
protocol IDTaker: AnyObject {
    func scheduleNext(at time: Int64?)
}

extension IDTaker {
    func scheduleNext() { scheduleNext(at: nil) }
}
