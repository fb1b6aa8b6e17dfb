/// The workers of a store in the order of their numbers, read page by page: of a store with many, no more than one page's
/// records are in memory, and the numbers of the others.
///
/// The pages are not read at one moment. A worker that is claimed for the first time meanwhile may be missing.
package struct WorkerPages {
    /// The most workers of a page, and the most keys of one read: below the 128 operations of an etcd transaction.
    package static let pageLength = 1000
    private static let readLength = 100

    private let store: any Store
    private let bounds: StoreReport.Bounds
    /// Those that are still to be read, in falling order.
    private var numbers: [UInt32] = []
    /// The records of a store that has no more than one page of them.
    private var records: [UInt32: StoredRecord] = [:]
    /// The first problem, a sentence with the record's key and what to do, and the number of them.
    package private(set) var firstProblem: String?
    package private(set) var problemCount = 0

    /// - Parameter after: only workers with numbers above this one; nil: all.
    package init(_ store: any Store, bounds: StoreReport.Bounds, after: UInt32? = nil) throws(StoreError) {
        self.store = store
        self.bounds = bounds
        var last: String?
        while true {
            let page = try store.list(prefix: WorkerRecord.keyPrefix, after: last, limit: Self.pageLength)
            let isWhole = last == nil && page.count < Self.pageLength
            for stored in page {
                do throws(StoreError) {
                    let number = try WorkerRecord.worker(ofKey: stored.key)
                    guard after.map({ number > $0 }) ?? true else { continue }
                    numbers.append(number)
                    if isWhole { records[number] = stored }
                } catch {
                    found([error.message])
                }
            }
            guard page.count == Self.pageLength else { break }
            last = page.last?.key
        }
        numbers.sort(by: >)
    }

    /// Whether there are no more workers.
    package var isAtEnd: Bool { numbers.isEmpty }

    /// The next workers, without those whose records cannot be read; nil at the end.
    package mutating func next(atMost count: Int) throws(StoreError) -> [StoreReport.Worker]? {
        guard !numbers.isEmpty else { return nil }
        var workers: [StoreReport.Worker] = []
        var room = min(count, Self.pageLength)
        while room > 0, !numbers.isEmpty {
            let wanted = Array(numbers.suffix(min(room, Self.readLength)).reversed())
            numbers.removeLast(wanted.count)
            room -= wanted.count
            for stored in try read(wanted) {
                let (worker, problems) = StoreReport.examine(stored, bounds)
                if let worker { workers.append(worker) }
                found(problems)
            }
        }
        return workers
    }

    private func read(_ wanted: [UInt32]) throws(StoreError) -> [StoredRecord] {
        guard records.isEmpty else { return wanted.compactMap { records[$0] } }
        let keys = wanted.map(WorkerRecord.key)
        var found: [StoredRecord] = []
        for (key, result) in zip(keys, store.read(keys)) {
            guard let value = try result.get() else { continue }
            found.append(StoredRecord(key: key, value: value.value, version: value.version))
        }
        return found
    }

    private mutating func found(_ problems: [String]) {
        firstProblem = firstProblem ?? problems.first
        problemCount += problems.count
    }
}
