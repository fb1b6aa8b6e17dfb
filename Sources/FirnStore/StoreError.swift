/// Why a call to a store failed.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of a store's failure. New kinds may be added; switch over it with a default.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Hashable, Sendable {
            case unavailable, missing, refused, unwritable, diskFull, ioFailed, replaced
            case notOurs, newerFormat, corrupt, layoutDiffers, setBack, copied
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// Unreachable or busy; the same call may succeed later.
        package static let unavailable = Code(.unavailable)
        /// There is no store, and none was to be created.
        package static let missing = Code(.missing)
        /// It denies access to this daemon, or its identity is wrong: users, passwords, certificates.
        package static let refused = Code(.refused)
        /// Permissions or a read-only file system forbid writing.
        package static let unwritable = Code(.unwritable)
        /// No room left for the write.
        package static let diskFull = Code(.diskFull)
        /// The operating system failed to read, write or sync.
        package static let ioFailed = Code(.ioFailed)
        /// The store's file was removed or replaced while in use.
        package static let replaced = Code(.replaced)
        /// Something other than a Firn store is there.
        package static let notOurs = Code(.notOurs)
        /// Written by a newer Firn.
        package static let newerFormat = Code(.newerFormat)
        /// A record or the whole store cannot be understood.
        package static let corrupt = Code(.corrupt)
        /// The store belongs to daemons of another layout.
        package static let layoutDiffers = Code(.layoutDiffers)

        /// The store lacks what a daemon was granted: it was restored, or is another one.
        package static let setBack = Code(.setBack)
        /// The store's file is a copy of one that may be in use.
        package static let copied = Code(.copied)

        package var description: String { kind.rawValue }
    }

    package var code: Code
    /// What was wrong, with what value, and what to do.
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// The sentence alone: the name of the code means nothing to those who read logs and answers.
    package var description: String { message }

    /// Whether the error remains until a person fixes something.
    package var needsSomebody: Bool {
        switch code {
        case .refused, .notOurs, .newerFormat, .corrupt, .layoutDiffers, .setBack, .copied: true
        default: false
        }
    }

    /// Whether a record's text is the reason, so that other records may be read.
    var isOfOneRecord: Bool { code == .corrupt || code == .newerFormat }

    /// Whether what the store granted before may be granted to others now: it is another store, or an older copy.
    package var isOfAnotherStore: Bool {
        switch code {
        case .replaced, .notOurs, .layoutDiffers, .setBack: true
        default: false
        }
    }

    /// Whether a write that ended with this error may have been applied, and may be used after it was read back.
    ///
    /// An error that refuses leaves no doubt: whether the write was applied or not, its result must not be used. A
    /// store that was set back returns this daemon's write like any other, but no longer has the record of who had that
    /// range before.
    package var leavesDoubt: Bool { !needsSomebody }

    /// The exit code of a daemon that cannot start for this reason: 78 (`EX_CONFIG`) when a person must fix something,
    /// otherwise 74 (`EX_IOERR`).
    package var exitCode: Int32 { needsSomebody ? 78 : 74 }
}
