/// A call for records of a daemon's store, by a daemon that has it for its own. `firn.proto` describes the limits.
package enum StoreCall: Sendable, Equatable {
    package struct Write: Sendable, Equatable {
        package var key: String
        package var value: String
        /// 0: there must be no record.
        package var ifVersion: UInt64
        /// Empty: any.
        package var ifValue: String

        package init(key: String, value: String, ifVersion: UInt64, ifValue: String) {
            self.key = key
            self.value = value
            self.ifVersion = ifVersion
            self.ifValue = ifValue
        }
    }

    case read([String])
    case write([Write])
    case list(prefix: String, after: String, limit: UInt32)
    case highestVersion

    /// How many records one call reads or writes.
    package static let maximumCount = 128
    /// How many records a page has.
    package static let maximumPage: UInt32 = 256
    /// The longest key, in bytes.
    package static let maximumKeyLength = 256

    /// How many bytes the message takes at most, without its frame.
    package var maximumLength: Int {
        switch self {
        case .read(let keys): keys.reduce(64) { $0 + $1.utf8.count + 4 }
        case .write(let writes): writes.reduce(64) { $0 + $1.maximumLength }
        case .list(let prefix, let after, _): 96 + prefix.utf8.count + after.utf8.count
        case .highestVersion: 64
        }
    }
}

extension StoreCall.Write {
    package var maximumLength: Int { key.utf8.count + value.utf8.count + ifValue.utf8.count + 32 }
}

/// The answer to a ``StoreCall``.
package enum StoreAnswers: Sendable, Equatable {
    package struct Record: Sendable, Equatable {
        package var key: String
        package var value: String
        /// 0: there is no such record.
        package var version: UInt64

        package init(key: String, value: String, version: UInt64) {
            self.key = key
            self.value = value
            self.version = version
        }
    }

    /// For each key that was read, or for each record of a page.
    case records([Result<Record, Status>])
    /// For each write the version; 0: its record was not as expected.
    case results([Result<UInt64, Status>])
    case highestVersion(UInt64)
}
