internal import FirnWire
internal import Synchronization

/// What the store said to a call that had to wait for it.
final class StoreReply: Sendable {
    enum Content: Sendable {
        case created(SequenceDescription)
        case page([SequenceDescription], more: Bool)
        case refused(Status)
    }

    private let mailbox: any StoreListener
    private let received = Mutex<Content?>(nil)

    init(mailbox: any StoreListener) {
        self.mailbox = mailbox
    }

    /// `nil` until the store has answered.
    var content: Content? { received.withLock { $0 } }

    func give(_ content: Content) {
        received.withLock { $0 = content }
        mailbox.storeAnswered()
    }
}
