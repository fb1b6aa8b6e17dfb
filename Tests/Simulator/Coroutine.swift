import CCoroutines

/// A function that runs on a stack of its own and can be left in the middle of a call, and entered again.
///
/// So the real code, which waits for the store in the middle of its work, runs on one thread.
final class Coroutine {
    private var raw: OpaquePointer?
    private var body: (() -> Void)?

    /// Those that have ended, for the next bodies.
    nonisolated(unsafe) private static var pool: [Coroutine] = []
    private static let stackSize = 512 * 1024

    private init() {
        let argument = Unmanaged.passUnretained(self).toOpaque()
        raw = firn_coroutine_create(
            Self.stackSize,
            { argument in Unmanaged<Coroutine>.fromOpaque(argument!).takeUnretainedValue().run() },
            argument
        )
        precondition(raw != nil, "there is no memory for another coroutine")
    }

    /// Starts with the first ``enter()``.
    static func make(_ body: @escaping () -> Void) -> Coroutine {
        let coroutine = pool.popLast() ?? Coroutine()
        coroutine.body = body
        return coroutine
    }

    /// Runs the body until it calls ``leave()`` or ends.
    func enter() {
        firn_coroutine_enter(raw!)
        if body == nil { Self.pool.append(self) }
    }

    func leave() { firn_coroutine_leave(raw!) }

    private func run() -> Never {
        while true {
            body!()
            body = nil
            leave()
        }
    }
}
