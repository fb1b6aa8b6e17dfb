/// Gets the store's answers that requests wait for. Called on any thread.
package protocol StoreListener: AnyObject, Sendable {
    func storeAnswered(_ answer: StoreAnswer)
}

/// An answer of the store. It identifies the requests that wait for it, so that no others are examined.
package struct StoreAnswer: Sendable {
    enum Subject {
        /// A block of this sequence was reserved, or could not be.
        case values(of: Sequences.Key)
        /// The reply to the request with this number.
        case reply(to: Int)
        /// The windows' rest has ended.
        case windows
    }

    static let windows = StoreAnswer(.windows)

    let subject: Subject

    init(_ subject: Subject) {
        self.subject = subject
    }
}
