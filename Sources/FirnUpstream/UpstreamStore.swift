package import FirnStore
internal import FirnWire

/// The store of other daemons, which serve its records (`--serve-store`): for a daemon beside each application, so that only a
/// few connect to the store itself.
///
/// Versions, conflicts and failures are those of the store behind it. A call goes to the first address that answers. One that
/// reads is repeated when its connection breaks; a write that was sent is not, and is then in doubt.
package final class UpstreamStore: Store {
    private let transport: any UpstreamTransport

    /// Connects at the first call.
    package convenience init(_ configuration: UpstreamConfiguration) {
        self.init(UpstreamClient(configuration))
    }

    init(_ transport: any UpstreamTransport) {
        self.transport = transport
    }

    // MARK: - Reading

    package func read(_ key: String) throws(StoreError) -> StoredValue? { try read([key])[0].get() }

    package func read(_ keys: [String]) -> [Result<StoredValue?, StoreError>] {
        for key in keys { checkKey(key) }
        let parts = Self.parts(of: keys, length: { $0.utf8.count + 4 })
        let answers = transport.perform(parts.map { .read(Array($0)) })
        return zip(parts, answers).flatMap { keys, answer in Self.values(of: keys, answer) }
    }

    private static func values(
        of keys: ArraySlice<String>,
        _ answer: Result<StoreAnswers, StoreError>
    ) -> [Result<StoredValue?, StoreError>] {
        switch answer {
        case .success(.records(let records)) where records.count == keys.count:
            records.map { record in
                switch record {
                case .success(let record):
                    .success(record.version == 0 ? nil : StoredValue(value: record.value, version: record.version))
                case .failure(let status):
                    .failure(StoreError(status))
                }
            }
        case .success: keys.map { _ in .failure(unexpected) }
        case .failure(let error): keys.map { _ in .failure(error) }
        }
    }

    package func list(prefix: String) throws(StoreError) -> [StoredRecord] {
        try list(prefix: prefix, after: nil, limit: .max)
    }

    package func list(prefix: String, after: String?, limit: Int) throws(StoreError) -> [StoredRecord] {
        checkKey(prefix)
        var records: [StoredRecord] = []
        var last = after
        while records.count < limit {
            let count = min(limit - records.count, Int(StoreCall.maximumPage))
            let call = StoreCall.list(prefix: prefix, after: last ?? "", limit: UInt32(count))
            guard case .records(let page) = try transport.perform([call])[0].get() else { throw Self.unexpected }
            for record in page {
                switch record {
                case .success(let record):
                    records.append(StoredRecord(key: record.key, value: record.value, version: record.version))
                case .failure(let status):
                    throw StoreError(status)
                }
            }
            guard page.count == count else { break }
            last = records.last?.key
        }
        return records
    }

    package func highestVersion() throws(StoreError) -> UInt64 {
        switch try transport.perform([.highestVersion])[0].get() {
        case .highestVersion(let version): return version
        // A store to which nothing was written.
        case .records(let records) where records.isEmpty: return 0
        default: throw Self.unexpected
        }
    }

    // MARK: - Writing

    package func write(
        _ key: String,
        _ value: String,
        ifVersion: UInt64?,
        ifValue: String?
    ) throws(StoreError) -> WriteOutcome {
        try write([StoreWrite(key: key, value: value, ifVersion: ifVersion, ifValue: ifValue)])[0].get()
    }

    package func write(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        for write in writes { checkKey(write.key) }
        // What no record has is how the message says that nothing is expected.
        let possible = writes.indices.filter { writes[$0].ifVersion != 0 && writes[$0].ifValue != "" }
        var outcomes = [Result<WriteOutcome, StoreError>](repeating: .success(.conflict), count: writes.count)
        for (index, outcome) in zip(possible, perform(possible.map { writes[$0] })) { outcomes[index] = outcome }
        return outcomes
    }

    private func perform(_ writes: [StoreWrite]) -> [Result<WriteOutcome, StoreError>] {
        let calls = writes.map { write in
            StoreCall.Write(
                key: write.key,
                value: write.value,
                ifVersion: write.ifVersion ?? 0,
                ifValue: write.ifValue ?? ""
            )
        }
        let parts = Self.parts(of: calls, length: \.maximumLength)
        let answers = transport.perform(parts.map { .write(Array($0)) })
        return zip(parts, answers).flatMap { writes, answer in Self.outcomes(of: writes, answer) }
    }

    private static func outcomes(
        of writes: ArraySlice<StoreCall.Write>,
        _ answer: Result<StoreAnswers, StoreError>
    ) -> [Result<WriteOutcome, StoreError>] {
        switch answer {
        case .success(.results(let results)) where results.count == writes.count:
            results.map { result in
                switch result {
                case .success(0): .success(.conflict)
                case .success(let version): .success(.written(version: version))
                case .failure(let status): .failure(StoreError(status))
                }
            }
        case .success: writes.map { _ in .failure(unexpected) }
        case .failure(let error): writes.map { _ in .failure(error) }
        }
    }

    // MARK: - Requests

    /// What a request's message may have, less its own fields.
    private static let maximumLength = Frame.maximumRequestLength - 192

    /// As many of `elements` together as a request has room for.
    private static func parts<Element>(of elements: [Element], length: (Element) -> Int) -> [ArraySlice<Element>] {
        var parts: [ArraySlice<Element>] = []
        var start = elements.startIndex
        var room = maximumLength
        for (index, element) in elements.enumerated() {
            let length = length(element)
            if index > start, length > room || index - start == StoreCall.maximumCount {
                parts.append(elements[start..<index])
                (start, room) = (index, maximumLength)
            }
            room -= length
        }
        if start < elements.endIndex { parts.append(elements[start...]) }
        return parts
    }

    private static let unexpected = StoreError(
        code: .unavailable,
        message: "the daemon answered another request to its store than was made: report this"
    )
}

/// Makes requests to a daemon's store. Blocks.
protocol UpstreamTransport: Sendable {
    /// - Returns: the answer to each.
    func perform(_ calls: [StoreCall]) -> [Result<StoreAnswers, StoreError>]
}

extension StoreError {
    /// What the daemon said of its store.
    init(_ status: Status) {
        self.init(upstream: status.code.rawValue, status.message)
    }

    init(upstream code: UInt32?, _ message: String) {
        let kind: Code
        switch code.map(Status.Code.init(rawValue:)) {
        case .aborted?: kind = .setBack
        case .failedPrecondition?, .invalidArgument?, .permissionDenied?, .unauthenticated?, .unimplemented?:
            kind = .refused
        default: kind = .unavailable
        }
        self.init(code: kind, message: message)
    }
}
