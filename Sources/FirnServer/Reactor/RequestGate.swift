internal import FirnWire

/// Decides which requests of a connection are served. `Session` is generic over it: a connection that no token is asked
/// of runs code without a check.
protocol RequestGate {
    /// Whether a NextID is served.
    var admitsIDs: Bool { get }
    mutating func judge(_ method: Request.Method) -> GateDecision
}

enum GateDecision {
    /// The request is served.
    case pass
    /// It is answered with this.
    case answer(Response.Outcome)
    /// It is answered with this, and the connection closed.
    case close(Status)
}

/// Serves every request.
struct OpenGate: RequestGate {
    @inline(__always) var admitsIDs: Bool { true }
    @inline(__always) func judge(_ method: Request.Method) -> GateDecision { .pass }
}

/// Serves what the token allows that the peer has shown.
///
/// The token is checked when it is shown. A token that is removed from the file later serves its connection until that
/// is closed.
package final class ConnectionGate: RequestGate {
    private let tokens: TokenGate
    /// `nil` until a token was shown.
    private var scope: TokenScope?

    package init(_ tokens: TokenGate) {
        self.tokens = tokens
    }

    var admitsIDs: Bool { scope?.contains(.ids) ?? false }

    func judge(_ method: Request.Method) -> GateDecision {
        if case .authenticate(let token) = method {
            switch tokens.check(token, at: .framed) {
            case .success(let scope):
                self.scope = scope
                return .answer(.authenticated)
            case .failure(let refusal):
                return .close(refusal.status(needed: []))
            }
        }
        let needed = TokenScope(neededFor: method)
        guard let scope else { return refuse(.missing, needed) }
        return scope.isSuperset(of: needed) ? .pass : refuse(.scope, needed)
    }

    private func refuse(_ refusal: TokenBook.Refusal, _ needed: TokenScope) -> GateDecision {
        tokens.refuse(refusal, at: .framed)
        return .answer(.error(refusal.status(needed: needed)))
    }
}
