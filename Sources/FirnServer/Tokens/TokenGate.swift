package import FirnWire
package import Logging
internal import Synchronization

/// Where a peer shows its token.
package enum TokenDoor: Int, Sendable, CaseIterable {
    case framed, http, admin, grpc

    package var name: String {
        switch self {
        case .framed: "framed"
        case .http: "http"
        case .admin: "admin"
        case .grpc: "grpc"
        }
    }
}

/// Checks tokens against the current book, and counts and logs what it refuses. For all threads.
package final class TokenGate: Sendable {
    private let book: Mutex<TokenBook>
    private let refused = Cells<4>()
    private let logger: Logger

    package init(_ book: TokenBook, logger: Logger) {
        precondition(TokenDoor.allCases.count == 4, "a cell for each door")
        self.book = Mutex(book)
        self.logger = logger
    }

    /// Checks from now on against another book.
    ///
    /// - Returns: the difference, for the log.
    package func replace(with book: TokenBook) -> (from: String, to: String)? {
        self.book.withLock { current in
            defer { current = book }
            return current.difference(to: book)
        }
    }

    /// What a token allows. A refusal is counted and logged.
    package func check(_ token: BearerToken?, at door: TokenDoor) -> Result<TokenScope, TokenBook.Refusal> {
        let result = book.withLock { $0 }.check(token)
        if case .failure(let refusal) = result { refuse(refusal, at: door) }
        return result
    }

    /// Counts and logs a peer that was refused.
    package func refuse(_ refusal: TokenBook.Refusal, at door: TokenDoor) {
        refused.addShared(at: door.rawValue)
        logger.notice("a peer was refused for its token", metadata: ["door": "\(door.name)", "reason": "\(refusal)"])
    }

    /// How many were refused at a door.
    package func refused(at door: TokenDoor) -> UInt64 { refused[door.rawValue] }
}

extension TokenBook.Refusal {
    /// The error that the peer gets.
    ///
    /// - Parameter needed: the scope of what it asked for.
    package func status(needed: TokenScope) -> Status {
        switch self {
        case .missing:
            Status(
                .unauthenticated,
                "the daemon asks for a token here; show one of its --token-file before the first call"
            )
        case .wrong:
            Status(
                .unauthenticated,
                "the token is none of the daemon's --token-file; give the client a present one"
            )
        case .scope:
            Status(
                .permissionDenied,
                "the token does not allow this, which needs the scope \(needed); use one that has it, or add it to the token's "
                    + "line of the daemon's --token-file"
            )
        }
    }
}
