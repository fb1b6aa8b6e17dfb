internal import CFirnProto

extension Lease {
    /// Calls `body` with the message; its pointer is valid during the call.
    func withMessage(_ body: (UnsafeMutablePointer<Firn__V1__Lease>) -> Void) {
        var message = Firn__V1__Lease()
        firn__v1__lease__init(&message)
        message.worker = worker
        message.generation = generation
        message.instance = instance
        message.token = token
        message.first_tick = firstTick
        message.limit_tick = limitTick
        withUnsafeMutablePointer(to: &message, body)
    }

    init(_ message: Firn__V1__Lease) {
        self.init(
            worker: message.worker,
            generation: message.generation,
            instance: message.instance,
            token: message.token,
            firstTick: message.first_tick,
            limitTick: message.limit_tick
        )
    }

    /// The maximum length of a message: a small number, five large ones, and their headers.
    static let maximumMessageLength = 6 + 5 * 11
}
