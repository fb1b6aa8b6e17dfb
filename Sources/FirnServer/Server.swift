package import FirnEngine
package import FirnLayout
internal import FirnWindows
package import FirnWire
package import Logging

/// The daemon's sockets: as many reactors as shards, each on a thread of its own.
///
/// Which shard mints for which worker: with as many workers as reactors, or fewer, reactor *i* uses worker *i mod n*.
/// With more, the workers are distributed over the reactors, and a reactor's connections over its workers. So all IDs
/// of one connection are from one worker, and the daemon's capacity grows with the workers.
package final class Server: Sendable {
    private let mailboxes: [Mailbox]
    private let threads: [NativeThread]

    /// Starts serving. Every descriptor that it needs is open when this returns.
    ///
    /// - Parameters:
    ///   - slots: the daemon's workers; at least one. A slot may be empty until its worker is claimed.
    ///   - tokens: asked for on TCP sockets; `nil`: no token is.
    ///   - meters: the server's counters, for the same number of reactors; `nil`: nothing is counted.
    ///   - limiter: counts the connections, where others than the reactors have some of them.
    ///   - description: what Describe answers; called on any reactor's thread.
    package init(
        listeners: Listeners,
        slots: [WorkerSlot],
        reactors: Int,
        layout: Layout,
        clock: TickClock,
        limits: Limits,
        policy: AccessPolicy,
        tokens: TokenGate? = nil,
        availability: Availability,
        sequences: Sequences,
        desks: Desks = Desks(),
        limiter: ConnectionLimiter? = nil,
        meters: ServerMeters? = nil,
        logger: Logger,
        description: @escaping @Sendable () -> DaemonDescription
    ) throws(ListenError) {
        precondition(reactors > 0 && !slots.isEmpty, "a server has a reactor and a worker")
        if let meters { precondition(meters.shards.count == reactors, "each reactor counts for itself") }
        var mailboxes: [Mailbox] = []
        var epolls: [FileDescriptor] = []
        for _ in 0..<reactors {
            mailboxes.append(try Mailbox())
            epolls.append(try Reactor.makeEpoll())
        }
        self.mailboxes = mailboxes
        let limiter = limiter ?? ConnectionLimiter(limits: limits)
        var threads: [NativeThread] = []
        for (index, (mailbox, epoll)) in zip(mailboxes, epolls).enumerated() {
            let dealt = Self.deal(slots, to: index, of: reactors)
            threads.append(
                NativeThread(name: "reactor-\(index)") { [mailboxes] in
                    let service = IDService(
                        layout: layout,
                        limits: limits,
                        clock: clock,
                        availability: availability,
                        sequences: SequenceContext(sequences: sequences, desks: desks, listener: mailbox),
                        listener: mailbox,
                        recorder: meters.map { CallRecorder($0.shards[index]) },
                        description: description
                    )
                    // The first reactor accepts for all, and closes the listeners when it drains.
                    let acceptor =
                        index > 0
                        ? nil
                        : Acceptor(
                            listeners: listeners,
                            mailboxes: mailboxes,
                            limiter: limiter,
                            policy: policy,
                            reserve: limits.descriptorReserve,
                            meter: meters?.acceptor,
                            logger: logger
                        )
                    let reactor = Reactor(
                        epoll: epoll,
                        mailbox: mailbox,
                        service: service,
                        shards: dealt.map { Shard(slot: $0) },
                        limiter: limiter,
                        acceptor: acceptor,
                        tokens: tokens,
                        limits: limits,
                        logger: logger
                    )
                    reactor.run()
                }
            )
        }
        self.threads = threads
    }

    /// How many shards mint for one worker, at most.
    package static func shardsPerWorker(workers: Int, reactors: Int) -> Int {
        max(1, (reactors + workers - 1) / workers)
    }

    /// The workers for which one of several threads mints.
    static func deal(_ slots: [WorkerSlot], to index: Int, of reactors: Int) -> [WorkerSlot] {
        guard slots.count > reactors else { return [slots[index % slots.count]] }
        return stride(from: index, to: slots.count, by: reactors).map { slots[$0] }
    }

    /// Tells the reactor that accepts that listeners were restored.
    package func listenersChanged() {
        mailboxes[0].listenersChanged()
    }

    /// Requests a heartbeat from every reactor.
    package func requestHeartbeat() {
        mailboxes.forEach { $0.requestHeartbeat() }
    }

    /// Whether every reactor has answered since the last request.
    package var hasHeartbeat: Bool {
        mailboxes.allSatisfy { $0.heartbeat.isAnswered }
    }

    /// The number of heartbeats of each reactor.
    package var beats: [UInt64] { mailboxes.map(\.heartbeat.beats) }

    /// Accepts no more connections, sends every peer a GoAway, answers what was received, and closes.
    package func drain() {
        mailboxes.forEach { $0.drain() }
    }

    /// Waits until the last connection is closed, after ``drain()``.
    package func join() {
        threads.forEach { $0.join() }
    }
}
