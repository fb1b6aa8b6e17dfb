internal import CFirnProto

extension SequenceDescription {
    /// Calls `body` with the message; its pointers are valid during the call.
    func withMessage(_ body: (UnsafeMutablePointer<Firn__V1__Sequence>) -> Void) {
        name.description.withCString { text in
            var message = Firn__V1__Sequence()
            firn__v1__sequence__init(&message)
            message.name = UnsafeMutablePointer(mutating: text)
            message.next = next
            message.increment = increment
            message.offset = offset
            message.maximum = maximum
            switch kind {
            case .plain: message.kind = FIRN__V1__SEQUENCE__KIND__PLAIN
            case .prefix: message.kind = FIRN__V1__SEQUENCE__KIND__PREFIX
            case .pinterest(let shard, let type):
                message.kind = FIRN__V1__SEQUENCE__KIND__PINTEREST
                message.shard = shard
                message.type = type
            }
            body(&message)
        }
    }

    /// `nil` when there is no valid name, or when this version does not know the kind.
    init?(_ message: Firn__V1__Sequence, name: Name?) {
        guard let name else { return nil }
        let kind: Kind
        switch message.kind {
        case FIRN__V1__SEQUENCE__KIND__PLAIN: kind = .plain
        case FIRN__V1__SEQUENCE__KIND__PREFIX: kind = .prefix
        case FIRN__V1__SEQUENCE__KIND__PINTEREST: kind = .pinterest(shard: message.shard, type: message.type)
        default: return nil
        }
        self.init(
            name: name,
            kind: kind,
            next: message.next,
            increment: message.increment,
            offset: message.offset,
            maximum: message.maximum
        )
    }

    /// The maximum length of a message: a name, four numbers of up to ten bytes, three small ones, and their headers.
    static let maximumMessageLength = 2 + Name.maximumLength + 4 * 11 + 3 * 6
}
