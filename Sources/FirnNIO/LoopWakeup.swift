package import FirnServer
package import NIOCore
internal import Synchronization

/// Notifies an event loop that the store has answered a call that its requests wait for.
package final class LoopWakeup: StoreListener {
    private let eventLoop: any EventLoop
    private let receiver = Mutex<(@Sendable (StoreAnswer) -> Void)?>(nil)

    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Sets what gets the answers, on the event loop.
    package func connect(to receiver: @escaping @Sendable (StoreAnswer) -> Void) {
        self.receiver.withLock { $0 = receiver }
    }

    package func storeAnswered(_ answer: StoreAnswer) {
        guard let receiver = receiver.withLock({ $0 }) else { return }
        eventLoop.execute { receiver(answer) }
    }
}
