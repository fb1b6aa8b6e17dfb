import FirnClient
import FirnLayout
import Testing

@Suite struct FirnIDBatchTests {
    private static let runs = [
        Run(first: FirnID(rawValue: 10), count: 3, stride: 1), Run(first: FirnID(rawValue: 20), count: 1, stride: 9),
        Run(first: FirnID(rawValue: 30), count: 4, stride: 5),
    ]

    @Test func everyIndexIsWhatIterationGives() {
        let ids = FirnIDBatch(runs: Self.runs)
        #expect(ids.map(\.rawValue) == [10, 11, 12, 20, 30, 35, 40, 45])
        #expect(ids.indices.map { ids[$0].rawValue } == ids.map(\.rawValue))
        #expect(ids.count == 8 && ids.last?.rawValue == 45 && ids[2...4].map(\.rawValue) == [12, 20, 30])
        #expect(ids.reversed().map(\.rawValue) == ids.map(\.rawValue).reversed())
    }

    @Test func noRunsAreNoIDs() {
        #expect(FirnIDBatch(runs: []).isEmpty && FirnIDBatch(runs: []).first == nil)
    }

    @Test func configurationIsKeptInRange() throws {
        var configuration = FirnClientConfiguration()
        configuration.timeout = .zero
        configuration.maximumCallsInFlight = -1
        configuration.maximumWaitingCalls = .max
        configuration.maximumBatchSize = 0
        let kept = FirnClient(address: try .unix(path: "/nowhere"), configuration: configuration).configuration
        #expect(kept.timeout == .milliseconds(1) && kept.maximumCallsInFlight == 1)
        #expect(kept.maximumWaitingCalls == 1 << 20 && kept.maximumBatchSize == 1)
    }
}
