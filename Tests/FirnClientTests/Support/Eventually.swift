import FirnClient
import FirnLayout
import Testing

/// The error that a call ends with.
func error<Value: Sendable>(
    of call: () async throws(FirnClientError) -> Value,
    sourceLocation: SourceLocation = #_sourceLocation
) async -> FirnClientError? {
    do {
        let value = try await call()
        Issue.record("the call succeeded: \(value)", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}

/// Asks until `condition` holds; the suite's time limit is the only one.
func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

extension FirnClientConfiguration {
    static func timeout(_ timeout: Duration) -> FirnClientConfiguration {
        var configuration = FirnClientConfiguration()
        configuration.timeout = timeout
        // Each call is a frame of its own then, that the test can see.
        configuration.coalescesCalls = false
        return configuration
    }

    /// Calls fail as soon as nobody could be connected.
    static var impatient: FirnClientConfiguration {
        var configuration = patient
        configuration.circuitBreakerTripAfter = .zero
        return configuration
    }

    /// For tests of what ends otherwise: a timeout is then a failure. Longer than a busy machine stands still.
    static var patient: FirnClientConfiguration { timeout(.seconds(60)) }
}
