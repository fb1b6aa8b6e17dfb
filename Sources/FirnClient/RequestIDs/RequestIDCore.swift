internal import Synchronization

/// The state that a generator's callers and the task that requests its prefixes share.
final class RequestIDCore: Sendable {
    typealias Source = @Sendable () async throws(FirnClientError) -> String

    private struct State {
        var numbers: RequestIDNumbers
        /// Why the last call for a prefix failed; nil when it did not.
        var failure: FirnClientError?
        /// Whether no more prefixes are requested: the client has shut down, or the generator was released.
        var isEnded = false
        /// The continuation of the requesting task, while it waits for something to do.
        var asker: CheckedContinuation<Void, Never>?
    }

    private static let firstDelay = Duration.milliseconds(100)
    private static let maximumDelay = Duration.seconds(30)

    private let forkGeneration = ForkGeneration.watched()
    private let state: Mutex<State>

    init(prefix: String, maximumNumber: Int) {
        state = Mutex(State(numbers: RequestIDNumbers(prefix: prefix, maximumNumber: maximumNumber)))
    }

    func next() throws(FirnClientError) -> String {
        guard ForkGeneration.current == forkGeneration else { throw .forked }
        let (given, asker) = state.withLock { state in
            let given = state.numbers.next()
            // Checked for every ID from the first that needs a prefix on: the task may not have waited then.
            guard given?.wantsPrefix ?? true else { return (given, CheckedContinuation<Void, Never>?.none) }
            defer { state.asker = nil }
            return (given, state.asker)
        }
        asker?.resume()
        guard let given else { throw exhausted }
        return Self.text(of: given)
    }

    /// In one allocation at most, unlike an interpolation.
    static func text(of given: RequestIDNumbers.Given) -> String {
        var prefix = given.prefix
        return prefix.withUTF8 { prefix in
            // A hyphen and the 19 digits of 2^63 - 1.
            String(unsafeUninitializedCapacity: prefix.count + 20) { text in
                _ = text.update(fromContentsOf: prefix)
                text[prefix.count] = UInt8(ascii: "-")
                var number = UInt(given.number)
                var digits = 1
                var power: UInt = 10
                while digits < 19, number >= power { (digits, power) = (digits + 1, power &* 10) }
                for index in (prefix.count + 1...prefix.count + digits).reversed() {
                    let (quotient, digit) = number.quotientAndRemainder(dividingBy: 10)
                    text[index] = UInt8(ascii: "0") + UInt8(digit)
                    number = quotient
                }
                return prefix.count + 1 + digits
            }
        }
    }

    private var exhausted: FirnClientError {
        let (numbers, failure, isEnded) = state.withLock { ($0.numbers, $0.failure, $0.isEnded) }
        let reason =
            if isEnded { "the client's run() has ended: make another client." } else if let failure {
                "the last call for another one failed (\(failure.message)): see to that; it is tried again."
            } else { "another one has not come yet: try again soon, or raise maximumNumber." }
        return FirnClientError(
            code: .prefixExhausted,
            message: "The prefix \(numbers.prefix) has given all of its numbers up to \(numbers.maximumNumber), "
                + "and \(reason)",
            retryAfter: isEnded ? nil : .milliseconds(10),
            cause: failure
        )
    }

    // MARK: - The requesting task

    /// Requests prefixes when they are needed, until the task is cancelled or the generator is released.
    func run(_ source: Source) async {
        await withTaskCancellationHandler {
            var delay = Self.firstDelay
            while await prefixIsWanted() {
                do throws(FirnClientError) {
                    let prefix = try await source()
                    state.withLock { state in
                        state.numbers.prefixReceived(prefix)
                        state.failure = nil
                    }
                    delay = Self.firstDelay
                } catch {
                    state.withLock { $0.failure = error }
                    // A cancellation during the sleep is found by the next check.
                    try? await Task.sleep(for: max(delay, error.retryAfter ?? .zero))
                    delay = min(delay * 2, Self.maximumDelay)
                }
            }
        } onCancel: {
            end()
        }
        end()
    }

    /// Requests no more prefixes; the numbers that are left are still given.
    func end() {
        let asker = state.withLock { state in
            state.isEnded = true
            defer { state.asker = nil }
            return state.asker
        }
        asker?.resume()
    }

    /// Returns true once a prefix is needed, false at the end.
    private func prefixIsWanted() async -> Bool {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                let isDue = state.isEnded || state.numbers.wantsPrefix
                if !isDue { state.asker = continuation }
                return isDue
            }
            if isDue { continuation.resume() }
        }
        return state.withLock { !$0.isEnded }
    }
}
