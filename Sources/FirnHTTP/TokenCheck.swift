internal import FirnServer
internal import FirnWire
internal import NIOHTTP1

/// Tokens over HTTP. Each request shows one, so a token that is removed from the file is refused from the next request on.
extension HTTPLoop {
    /// What an `--admin` listener serves to everyone, because probes show no token.
    private static let openPaths: Set<String> = ["/livez", "/readyz"]

    /// What the request's token allows; everything where none is asked for.
    func scope(_ fields: RequestFields, on connection: HTTPConnection) throws(HTTPAnswer) -> TokenScope {
        guard connection.asksForToken, let tokens else { return .all }
        switch tokens.check(fields.token, at: .http) {
        case .success(let scope): return scope
        case .failure(let refusal): throw Self.refused(refusal)
        }
    }

    /// Refuses a route that the scope does not allow.
    func admit(_ route: Route, _ scope: TokenScope) throws(HTTPAnswer) {
        let needed: TokenScope
        switch route {
        case .answer: needed = []
        case .freshID: needed = .ids
        case .request(let method, _, _): needed = TokenScope(neededFor: method)
        }
        guard !scope.isSuperset(of: needed), let tokens else { return }
        tokens.refuse(.scope, at: .http)
        throw .refused(TokenBook.Refusal.scope.status(needed: needed))
    }

    /// Why a request to an `--admin` listener is refused; `nil` if it is not.
    func adminRefusal(_ target: String, _ fields: RequestFields, on connection: HTTPConnection) -> HTTPAnswer? {
        guard connection.asksForToken, let tokens else { return nil }
        if let path = target.split(separator: "?").first, Self.openPaths.contains(String(path)) { return nil }
        switch tokens.check(fields.token, at: .admin) {
        case .success(let scope) where scope.contains(.admin): return nil
        case .success:
            tokens.refuse(.scope, at: .admin)
            return .refused(TokenBook.Refusal.scope.status(needed: .admin))
        case .failure(let refusal): return Self.refused(refusal)
        }
    }

    private static func refused(_ refusal: TokenBook.Refusal) -> HTTPAnswer {
        guard refusal == .missing else { return .refused(refusal.status(needed: [])) }
        var answer = HTTPAnswer.refused(
            .unauthorized,
            "the request shows no token; send one of the daemon's --token-file as 'Authorization: Bearer TOKEN'"
        )
        answer.asksForToken = true
        return answer
    }
}
