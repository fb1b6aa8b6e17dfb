internal import NIOCore

extension FirnClient {
    /// Makes a prefetcher: a buffer of IDs that are requested before they are needed. ``run()`` refills it until the
    /// prefetcher is released.
    ///
    /// The first IDs are requested at once, so that they are likely there when the first is taken. Each prefetcher has a
    /// buffer of its own: share one rather than make one for each user.
    ///
    /// On a client whose `run()` has ended, or while 1,024 prefetchers and generators wait for `run()` to begin, the
    /// prefetcher has no IDs, and its ``Prefetcher/next()`` throws `.shutDown` or `.tooManyCalls`.
    ///
    /// - Parameter configuration: How large the buffer is, and how old its IDs become.
    /// - Returns: The prefetcher. It holds no reference to the client.
    public func makePrefetcher(
        configuration: PrefetcherConfiguration = PrefetcherConfiguration()
    ) -> Prefetcher {
        let configuration = configuration.inRange
        let core = PrefetchCore(
            configuration: configuration,
            timeout: self.configuration.timeout,
            maximumAsk: self.configuration.maximumBatchSize,
            stripes: System.coreCount,
            eventLoop: eventLoopGroup.any()
        )
        do {
            try backgroundJobs.add { client in
                await core.run { count throws(FirnClientError) in try await client.nextIDs(count: count) }
            }
        } catch {
            core.end(error)
        }
        return Prefetcher(core: core, configuration: configuration)
    }
}
