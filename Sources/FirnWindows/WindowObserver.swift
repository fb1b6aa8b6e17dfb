package import FirnEngine
package import FirnStore

/// The state of one worker after a step of a ``WindowRenewer``.
package struct WindowStanding: Sendable, Equatable {
    package var status: WindowStatus
    /// The worker that is held; nil while there is none.
    package var held: HeldWorker?
    /// Its window is not extended until IDs are wanted.
    package var isResting: Bool
}

/// Gets what a ``WindowRenewer`` does and finds: for a log, for readiness, for metrics. Called on the renewer's thread,
/// except where a method says otherwise.
package protocol WindowObserver: AnyObject {
    /// The clock was compared with the wall clock.
    func steered(_ steering: ClockSteering, moment: Moment)

    /// One worker's status has changed; `previous` is nil at first.
    func changed(to status: WindowStatus, from previous: WindowStatus?)

    /// A step has ended. There is a standing for each slot.
    func stepped(_ standings: [WindowStanding], workersFarAhead: Int, now: Moment)

    /// A worker's record is far ahead of the clock.
    func found(_ farAhead: FarAheadWorker)

    /// A worker's record cannot be read.
    func found(unreadable error: StoreError)

    /// The window of a worker was given back, or could not be given back.
    func released(_ held: HeldWorker, _ outcome: ReleaseOutcome)

    /// A grant could not be recorded apart from the store.
    func notRemembered(_ error: StoreError)

    /// Runs what may wait for a disk.
    func during<Result>(_ operation: String, _ body: () throws(StoreError) -> Result) throws(StoreError) -> Result
}

/// How a ``WindowRenewer`` shares its windows' rest with the threads that give out IDs.
package protocol RestControl: AnyObject {
    /// Sets how the renewer's thread is woken.
    func setWake(_ wake: @escaping @Sendable () -> Void)

    /// Whether requests wait for the end of the rest.
    var isWanted: Bool { get }

    /// Publishes whether the windows are at rest.
    func publish(isResting: Bool)
}
