package import FirnStore
internal import Foundation
internal import Synchronization

/// Threads that each raise one counter of a store by one, again and again, while something happens to the store: what was
/// answered is there afterwards, and what was not may be, once.
package final class CounterWriters: Sendable {
    private static let key = "n"
    private static let threads = 4

    private let store: any Store
    private let answers = Atomic(0)
    private let doubts = Atomic(0)
    private let highest = Atomic<UInt64>(0)
    private let stops = Atomic(false)
    private let done = DispatchGroup()

    /// - Parameter store: One in which there is no counter yet.
    package init(on store: any Store) {
        self.store = store
        _ = eventually { try? store.write(Self.key, "0", ifVersion: nil) }
        for _ in 0..<Self.threads {
            done.enter()
            Thread.detachNewThread { [self] in
                while !stops.load(ordering: .relaxed) { raise() }
                done.leave()
            }
        }
    }

    private func raise() {
        guard let stored = try? store.read(Self.key) else { return }
        do throws(StoreError) {
            let outcome = try store.write(Self.key, String(Int(stored.value)! + 1), ifVersion: stored.version)
            guard let version = outcome.version else { return }
            answers.wrappingAdd(1, ordering: .relaxed)
            highest.max(version, ordering: .relaxed)
        } catch {
            if error.message.contains("may have been done") { doubts.wrappingAdd(1, ordering: .relaxed) }
        }
    }

    /// The writes that were answered.
    package var answered: Int { answers.load(ordering: .relaxed) }

    /// The highest version that an answer had.
    package var highestVersion: UInt64 { highest.load(ordering: .relaxed) }

    /// Waits until so many more are answered, for a minute.
    package func areAnswered(more count: Int) -> Bool {
        let before = answered
        return eventually { answered >= before + count ? true : nil } != nil
    }

    /// Ends the threads.
    ///
    /// - Returns: the counter, and how many writes are known to be done, and how many may be.
    package func stop() -> (counter: Int?, answered: Int, inDoubt: Int) {
        stops.store(true, ordering: .relaxed)
        done.wait()
        let stored = eventually { try? store.read(Self.key) }
        return (stored.flatMap { Int($0.value) }, answered, doubts.load(ordering: .relaxed))
    }
}
