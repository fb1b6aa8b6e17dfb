import FirnTestSupport
import Testing

@testable import FirnStore

/// Sets of workers as people write them.
@Suite struct WorkerSetTests {
    @Test(arguments: [
        ("5", "5"), ("0-31,77", "0-31,77"), ("77,0-31", "0-31,77"), ("0-3,4,6", "0-4,6"), ("1-9,2-5,5-12", "1-12"),
        ("3,3", "3"), ("0-4294967295", "0-4294967295"), ("4294967295,4294967294", "4294967294-4294967295"),
        ("007", "7"),
    ]) func rangesAreReadAndPutInOrder(_ text: String, _ expected: String) throws {
        #expect(try WorkerSet(parsing: text).description == expected)
    }

    @Test(arguments: [
        ("", "'' (character 1) is no worker"), ("1,,2", "'' (character 3) is no worker"),
        ("1, 2", "' 2' (character 3) is no worker"), ("1-", "'' (character 3) is no worker"),
        ("-1", "'' (character 1) is no worker"), ("12,9-a", "'a' (character 6) is no worker"),
        ("1-2-3", "'2-3' (character 3) is no worker"), ("5-3", "'5-3' (character 1) ends below its start; write 3-5"),
        ("1,4294967296", "'4294967296' (character 3) is above every layout's workers"), ("٣", "'٣' (character 1)"),
    ]) func whatIsWrongIsToldWithItsPlace(_ text: String, _ message: String) {
        let error = #expect(throws: WorkerSet.ParsingError.self) { try WorkerSet(parsing: text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func aSetKnowsItsWorkers() throws {
        let set = try WorkerSet(parsing: "0-2,5,9-10")
        #expect(Array(set.workers) == [0, 1, 2, 5, 9, 10])
        #expect(set.count == 6 && set.last == 10 && !set.isEmpty && WorkerSet().isEmpty && WorkerSet().count == 0)
        #expect((0..<12).filter { set.contains(UInt32($0)) } == [0, 1, 2, 5, 9, 10])
        #expect(try WorkerSet(parsing: "0-4294967295").count == 1 << 32)
        #expect(WorkerSet([7, 5, 6, 1]).description == "1,5-7")
    }

    /// The workers outside of a set are counted without a list of them.
    @Test func theOthersAreCountedThrough() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<200 {
            let set = WorkerSet((0..<64).filter { _ in UInt8.random(in: 0..<3, using: &random) == 0 })
            let others = (0..<100).map(UInt32.init).filter { !set.contains($0) }
            for (rank, worker) in others.enumerated() {
                #expect(set.rank(worker) == UInt32(rank) && set.worker(ofRank: UInt32(rank)) == worker, "\(set)")
            }
        }
    }
}
