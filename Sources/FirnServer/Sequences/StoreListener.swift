/// Somebody whose requests wait for the store, told from any thread that it has answered something.
package protocol StoreListener: AnyObject, Sendable {
    func storeAnswered(_ answer: StoreAnswer)
}

/// What the store has answered: those who wait for it are found by this, and no others are asked.
package struct StoreAnswer: Sendable {
    enum Subject {
        /// A block of this sequence came, or none could be had.
        case values(of: Sequences.Key)
        /// The reply to the request with this number.
        case reply(to: Int)
    }

    let subject: Subject

    init(_ subject: Subject) {
        self.subject = subject
    }
}
