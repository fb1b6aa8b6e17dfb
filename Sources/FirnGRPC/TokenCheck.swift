internal import FirnServer
internal import FirnWire

/// Tokens over gRPC. Each call shows one, so a token that is removed from the file is refused from the next call on.
/// Streams that are open go on.
extension GRPCLoop {
    /// Why a call is refused for its token; `nil` if it is not.
    func refusal(of head: CallHead, on connection: GRPCConnection) -> Status? {
        guard let tokens, !connection.isUnix, let needed = head.method.scope else { return nil }
        switch tokens.check(head.token, at: .grpc) {
        case .success(let scope):
            guard !scope.isSuperset(of: needed) else { return nil }
            tokens.refuse(.scope, at: .grpc)
            return TokenBook.Refusal.scope.status(needed: needed)
        case .failure(.missing):
            return Status(
                .unauthenticated,
                "the call shows no token; send one of the daemon's --token-file as metadata 'authorization: Bearer TOKEN'"
            )
        case .failure(let refusal):
            return refusal.status(needed: needed)
        }
    }
}
