internal import FirnConfiguration
internal import FirnLayout
internal import FirnStore
internal import FirnWindows

/// The workers that the daemon may claim.
extension Configuration {
    /// How many workers of the layout `--exclude-workers` leaves.
    var workersLeft: UInt64 { layout.maximumWorker + 1 - excludedWorkers.count }

    static func excludedWorkers(_ text: String?, _ layout: Layout) throws(ConfigurationError) -> WorkerSet {
        guard let text else { return WorkerSet() }
        let workers: WorkerSet
        do {
            workers = try WorkerSet(parsing: text)
        } catch {
            throw ConfigurationError("--exclude-workers: \(error)")
        }
        if let range = workers.ranges.first(where: { $0.upperBound > layout.maximumWorker }) {
            throw ConfigurationError(
                "--exclude-workers \(workers): \(WorkerSet(ranges: [range])) goes beyond the layout \(layout.name), whose last "
                    + "worker is \(layout.maximumWorker)"
            )
        }
        guard workers.count <= layout.maximumWorker else {
            throw ConfigurationError(
                "--exclude-workers \(workers) leaves none of the workers 0 to \(layout.maximumWorker) of the layout "
                    + "\(layout.name); leave some out, or choose a layout with more workers"
            )
        }
        return workers
    }

    /// - Parameter option: what `--worker` says.
    func checkWorkers(option: String) throws(ConfigurationError) {
        guard (1...Self.maximumWorkers).contains(workers) else {
            throw ConfigurationError("--workers is \(workers); choose 1 to \(Self.maximumWorkers)")
        }
        guard UInt64(workers - 1) <= layout.maximumWorker else {
            throw ConfigurationError(
                "--workers is \(workers), and the layout \(layout.name) has room for \(layout.maximumWorker + 1)"
            )
        }
        guard UInt64(workers) <= workersLeft else {
            throw ConfigurationError(
                "--workers is \(workers), and --exclude-workers \(excludedWorkers) leaves \(workersLeft) of the layout \(layout.name)"
            )
        }
        guard case .fixed(let worker) = rule else { return }
        if workers > 1 {
            throw ConfigurationError(
                "--workers \(workers) needs --worker auto: a number, pod-ip or ordinal names a single worker"
            )
        }
        if excludedWorkers.contains(worker) {
            let name = option == "\(worker)" ? option : "\(option) (\(worker))"
            throw ConfigurationError(
                "--worker \(name) is one of --exclude-workers \(excludedWorkers); choose another worker, or leave this one out there"
            )
        }
    }
}
