import FirnLayout
import Testing

@Suite struct RunTests {
    @Test func aRunIsTheCollectionOfItsIDs() {
        let run = Run(first: FirnID(rawValue: 7), count: 4, stride: 10)
        #expect(run.map(\.rawValue) == [7, 17, 27, 37])
        #expect(Array(run) == run.indices.map { run[$0] })
        #expect(run.reversed().map(\.rawValue) == [37, 27, 17, 7])
        #expect(run.first == FirnID(rawValue: 7))
        #expect(run.last == FirnID(rawValue: 37))
        #expect(run[1...2].map(\.rawValue) == [17, 27])
        let count: UInt32 = run.count
        #expect(count == 4)
        #expect(Array(run).count == 4)
    }

    @Test func aRunMayEndAtTheHighestID() {
        let run = Run(first: FirnID(rawValue: .max - 4), count: 3, stride: 2)
        #expect(Array(run).map(\.rawValue) == [.max - 4, .max - 2, .max])
        #expect(Run(first: FirnID(rawValue: .max), count: 1, stride: .max).map(\.rawValue) == [.max])
    }

    @Test func aPeersRunIsValidated() {
        let one = FirnID(rawValue: 1)
        #expect(Run(validating: one, count: 3, stride: 2) == Run(first: one, count: 3, stride: 2))
        #expect(Run(validating: one, count: 0, stride: 1) == nil)
        #expect(Run(validating: one, count: 1, stride: 0) == nil)
        #expect(Run(validating: FirnID(rawValue: .max), count: 2, stride: 1) == nil)
        #expect(Run(validating: FirnID(rawValue: .max - 3), count: 3, stride: 2) == nil)
        #expect(Run(validating: one, count: .max, stride: .max) == nil)
    }

    @Test func aWrongRunTraps() async {
        await #expect(processExitsWith: .failure) { _ = Run(first: FirnID(rawValue: 1), count: 0, stride: 1) }
        await #expect(processExitsWith: .failure) { _ = Run(first: FirnID(rawValue: 1), count: 1, stride: 0) }
        await #expect(processExitsWith: .failure) { _ = Run(first: FirnID(rawValue: .max), count: 2, stride: 1) }
        await #expect(processExitsWith: .failure) { _ = Run(first: FirnID(rawValue: 1), count: 2, stride: 1)[2] }
        await #expect(processExitsWith: .failure) { _ = Run(first: FirnID(rawValue: 1), count: 2, stride: 1)[-1] }
        await #expect(processExitsWith: .failure) {
            var run = Run(first: FirnID(rawValue: .max), count: 1, stride: 1)
            run.count = 2
            _ = Array(run)
        }
    }
}
