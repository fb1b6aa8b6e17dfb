internal import NIOCore

extension FirnClient {
    /// IDs that are asked for before they are needed; ``run()`` refills them as long as the prefetcher is held.
    ///
    /// Asks for the first ones at once, so that they are likely there when they are taken. Each prefetcher has a buffer of
    /// its own: share one rather than make one for each user.
    ///
    /// On a client whose `run()` has ended, or while 1,024 others wait for it, the prefetcher gives nothing, and its
    /// ``Prefetcher/next()`` throws why.
    public func prefetching(_ configuration: PrefetcherConfiguration = PrefetcherConfiguration()) -> Prefetcher {
        let configuration = configuration.inRange
        let core = PrefetchCore(
            configuration: configuration,
            timeout: self.configuration.timeout,
            maximumAsk: self.configuration.maximumBatch,
            stripes: System.coreCount,
            eventLoop: eventLoopGroup.any()
        )
        do {
            try backgroundJobs.add { client in
                await core.run { count throws(FirnClientError) in try await client.nextIDs(count) }
            }
        } catch {
            core.end(error)
        }
        return Prefetcher(core: core, configuration: configuration)
    }
}
