import FirnTestSupport
import Foundation
import Synchronization

/// A command that runs on a thread of its own.
final class RunningCommand: Sendable {
    private let result = Mutex<Result<Command, any Error>?>(nil)

    init(_ arguments: [String]) {
        Thread { [self] in
            let result = Result { try Command.run(arguments) }
            self.result.withLock { $0 = result }
        }.start()
    }

    func wait() throws -> Command {
        while true {
            if let result = result.withLock({ $0 }) { return try result.get() }
            usleep(5_000)
        }
    }
}
