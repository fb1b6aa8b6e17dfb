internal import CFirnProto

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Memory for messages with lists of messages and texts, which lasts until the whole is packed. These calls are few: each part
/// is allocated by itself.
private final class MessageMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { free(block) }
    }

    func text(_ string: String) -> UnsafeMutablePointer<CChar>? {
        guard let copy = strdup(string) else { preconditionFailure("the system has no memory left") }
        blocks.append(copy)
        return copy
    }

    /// Pointers to the messages that `make` fills in.
    func list<Element, Message>(
        of elements: [Element],
        _ make: (Element, UnsafeMutablePointer<Message>) -> Void
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Message>?>? {
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<Message>?>.allocate(capacity: elements.count + 1)
        blocks.append(UnsafeMutableRawPointer(pointers))
        for (index, element) in elements.enumerated() {
            let message = UnsafeMutablePointer<Message>.allocate(capacity: 1)
            blocks.append(UnsafeMutableRawPointer(message))
            make(element, message)
            pointers[index] = message
        }
        return pointers
    }

    func one<Message>(_ make: (UnsafeMutablePointer<Message>) -> Void) -> UnsafeMutablePointer<Message> {
        let message = UnsafeMutablePointer<Message>.allocate(capacity: 1)
        blocks.append(UnsafeMutableRawPointer(message))
        make(message)
        return message
    }

    func status(_ status: Status) -> UnsafeMutablePointer<Firn__V1__Status> {
        one { message in
            firn__v1__status__init(message)
            message.pointee.code = status.code.rawValue
            message.pointee.message = text(status.message)
            message.pointee.retry_after_ms = status.retryAfterMilliseconds
        }
    }
}

extension StoreCall {
    /// Calls `body` with the message; its pointers are valid during the call.
    func withMessage(_ body: (inout Firn__V1__StoreRequest) -> Void) {
        let memory = MessageMemory()
        var message = Firn__V1__StoreRequest()
        firn__v1__store_request__init(&message)
        switch self {
        case .read(let keys):
            let texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: keys.count + 1)
            defer { texts.deallocate() }
            for (index, key) in keys.enumerated() { texts[index] = memory.text(key) }
            message.n_keys = keys.count
            message.keys = texts
            withExtendedLifetime(memory) { body(&message) }
            return
        case .write(let writes):
            message.n_writes = writes.count
            message.writes = memory.list(of: writes) { write, message in
                firn__v1__store_write__init(message)
                message.pointee.key = memory.text(write.key)
                message.pointee.value = memory.text(write.value)
                message.pointee.if_version = write.ifVersion
                message.pointee.if_value = memory.text(write.ifValue)
            }
        case .list(let prefix, let after, let limit):
            message.list = memory.one { list in
                firn__v1__store_list__init(list)
                list.pointee.prefix = memory.text(prefix)
                list.pointee.after = memory.text(after)
                list.pointee.limit = limit
            }
        case .highestVersion:
            message.highest_version = 1
        }
        withExtendedLifetime(memory) { body(&message) }
    }

    /// - Throws: what is wrong with the message, of which only one part may be there.
    init(_ message: Firn__V1__StoreRequest) throws(Status) {
        let parts = [message.n_keys > 0, message.n_writes > 0, message.list != nil, message.highest_version != 0]
        guard parts.count(where: { $0 }) == 1 else {
            throw Status(.invalidArgument, "a request to the store has one of keys, writes, list and highest_version")
        }
        guard max(message.n_keys, message.n_writes) <= Self.maximumCount else {
            throw Status(
                .invalidArgument,
                "a request to the store has \(max(message.n_keys, message.n_writes)) records; send at most \(Self.maximumCount)"
            )
        }
        if message.highest_version != 0 {
            self = .highestVersion
        } else if let list = message.list?.pointee {
            let limit = list.limit
            guard (1...Self.maximumPage).contains(limit) else {
                throw Status(
                    .invalidArgument,
                    "a page of \(limit) records was asked for; ask for 1 to \(Self.maximumPage)"
                )
            }
            self = .list(prefix: try Self.key(list.prefix), after: try Self.key(list.after), limit: limit)
        } else if message.n_keys > 0 {
            var keys: [String] = []
            for index in 0..<message.n_keys { keys.append(try Self.key(message.keys[index])) }
            self = .read(keys)
        } else {
            var writes: [Write] = []
            for index in 0..<message.n_writes {
                guard let write = message.writes[index]?.pointee else { continue }
                writes.append(
                    Write(
                        key: try Self.key(write.key),
                        value: text(write.value),
                        ifVersion: write.if_version,
                        ifValue: text(write.if_value)
                    )
                )
            }
            self = .write(writes)
        }
    }

    private static func key(_ string: UnsafeMutablePointer<CChar>?) throws(Status) -> String {
        let key = text(string)
        guard key.utf8.count <= maximumKeyLength, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Status(
                .invalidArgument,
                "a key of the store has at most \(maximumKeyLength) characters of ASCII without blanks; '\(key.excerpt)' is none"
            )
        }
        return key
    }
}

extension StoreAnswers {
    /// Calls `body` with the message; its pointers are valid during the call.
    func withMessage(_ body: (inout Firn__V1__StoreResponse) -> Void) {
        let memory = MessageMemory()
        var message = Firn__V1__StoreResponse()
        firn__v1__store_response__init(&message)
        switch self {
        case .records(let records):
            message.n_records = records.count
            message.records = memory.list(of: records) { result, message in
                firn__v1__store_record__init(message)
                switch result {
                case .success(let record):
                    message.pointee.key = memory.text(record.key)
                    message.pointee.value = memory.text(record.value)
                    message.pointee.version = record.version
                case .failure(let status):
                    message.pointee.error = memory.status(status)
                }
            }
        case .results(let results):
            message.n_results = results.count
            message.results = memory.list(of: results) { result, message in
                firn__v1__store_write_result__init(message)
                switch result {
                case .success(let version): message.pointee.version = version
                case .failure(let status): message.pointee.error = memory.status(status)
                }
            }
        case .highestVersion(let version):
            message.highest_version = version
        }
        withExtendedLifetime(memory) { body(&message) }
    }

    init(_ message: Firn__V1__StoreResponse) {
        if message.n_results > 0 {
            self = .results(
                (0..<message.n_results).compactMap { message.results[$0]?.pointee }.map { result in
                    result.error.map { .failure(Status($0.pointee)) } ?? .success(result.version)
                }
            )
        } else if message.highest_version > 0 {
            self = .highestVersion(message.highest_version)
        } else {
            self = .records(
                (0..<message.n_records).compactMap { message.records[$0]?.pointee }.map { record in
                    record.error.map { .failure(Status($0.pointee)) }
                        ?? .success(
                            Record(key: text(record.key), value: text(record.value), version: record.version)
                        )
                }
            )
        }
    }

    /// How many bytes the message takes at most, without its frame.
    var maximumLength: Int {
        func length(_ status: Status) -> Int { status.message.utf8.count + 32 }
        switch self {
        case .records(let records):
            return records.reduce(64) { sum, record in
                switch record {
                case .success(let record): sum + record.key.utf8.count + record.value.utf8.count + 40
                case .failure(let status): sum + length(status) + 16
                }
            }
        case .results(let results):
            return results.reduce(64) { sum, result in
                if case .failure(let status) = result { sum + length(status) + 16 } else { sum + 32 }
            }
        case .highestVersion:
            return 64
        }
    }
}

extension Status {
    init(_ message: Firn__V1__Status) {
        self.init(
            Code(rawValue: message.code),
            text(message.message),
            retryAfterMilliseconds: message.retry_after_ms
        )
    }
}

private func text(_ string: UnsafeMutablePointer<CChar>?) -> String {
    string.map { String(cString: $0) } ?? ""
}
