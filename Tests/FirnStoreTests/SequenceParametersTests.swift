import Testing

@testable import FirnStore

@Suite struct SequenceParametersTests {
    @Test(
        arguments: [
            (1, nil, nil, nil, [1, 2, 3]), (1, 0, nil, nil, [1, 2, 3]), (2, nil, nil, nil, [1, 3, 5]),
            (2, 1, nil, nil, [1, 3, 5]), (2, 0, nil, nil, [2, 4, 6]), (10, 7, nil, nil, [7, 17, 27]),
            (2, 1, 1000, nil, [1001, 1003, 1005]), (2, 1, 1001, nil, [1001, 1003, 1005]), (10, 0, nil, 25, [10, 20]),
            (10, 5, 25, 25, [25]), (1, 0, UInt64.max - 1, UInt64.max, [UInt64.max - 1, UInt64.max]),
            (UInt64.max, 0, nil, UInt64.max, [UInt64.max]), (UInt64.max, 5, nil, UInt64.max, [5]),
            (1 << 63, 1, nil, UInt64.max, [1, 1 << 63 + 1]),
        ] as [(UInt64, UInt64?, UInt64?, UInt64?, [UInt64])]
    )
    func valuesAreThoseOfTheClassUpToTheMaximum(
        increment: UInt64,
        offset: UInt64?,
        start: UInt64?,
        maximum: UInt64?,
        values: [UInt64]
    ) throws {
        let parameters = try SequenceParameters(
            kind: .plain,
            increment: increment,
            offset: offset,
            start: start,
            maximum: maximum
        )
        var reserved = SequenceRecord(parameters, holder: holder(1), writeToken: 1).reserved
        for value in values {
            #expect(parameters.progression.next(after: reserved) == value)
            reserved = value
        }
        if maximum != nil {
            #expect(parameters.progression.next(after: reserved) == nil)
            #expect(parameters.progression.count(after: (start ?? 1) - 1) == UInt64(values.count))
        }
    }

    @Test(
        arguments: [
            (.plain, 0, nil, nil, nil, "increment 0"), (.plain, 1, 1, nil, nil, "offset 1 is not below increment 1"),
            (.plain, 2, 2, nil, nil, "offset 2 is not below increment 2"), (.plain, 2, 3, nil, nil, "use 0 to 1"),
            (.plain, 1, nil, 0, nil, "start 0"), (.plain, 1, nil, 11, 10, "start 11 is above the maximum 10"),
            (.plain, 1, nil, 1 << 63, nil, "above the maximum 9223372036854775807"),
            (.plain, 1, nil, nil, 0, "maximum 0 leaves no value"), (.plain, 10, 0, nil, 9, "maximum 9 leaves no value"),
            (.plain, 10, 5, 96, 100, "start 96 leaves no value"),
            (.pinterest(shard: 1, type: 1024), 1, nil, nil, nil, "type 1024"),
            (.pinterest(shard: 1, type: 1), 1, nil, nil, 1 << 36, "maximum 68719476736 has more than the 36 bits"),
            (.prefix, 2, nil, nil, nil, "increment 2"),
        ] as [(SequenceKind, UInt64, UInt64?, UInt64?, UInt64?, String)]
    )
    func badDefinitionsAreRefusedWithTheirValue(
        kind: SequenceKind,
        increment: UInt64,
        offset: UInt64?,
        start: UInt64?,
        maximum: UInt64?,
        message: String
    ) {
        let error = #expect(throws: SequenceParameterError.self) {
            try SequenceParameters(kind: kind, increment: increment, offset: offset, start: start, maximum: maximum)
        }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func pinterestNumbersMustFitTheirFields() throws {
        #expect(
            try SequenceKind.pinterest(checkedShard: 65_535, checkedType: 1023) == .pinterest(shard: 65_535, type: 1023)
        )
        let shard = #expect(throws: SequenceParameterError.self) {
            try SequenceKind.pinterest(checkedShard: 65_536, checkedType: 0)
        }
        #expect(shard?.message.contains("shard 65536") == true)
        let type = #expect(throws: SequenceParameterError.self) {
            try SequenceKind.pinterest(checkedShard: 0, checkedType: 1024)
        }
        #expect(type?.message.contains("type 1024") == true)
    }

    @Test func maximaFitWhereTheValuesGo() throws {
        #expect(SequenceParameters.plain.progression.maximum == UInt64(Int64.max))
        let pinterest = try SequenceParameters(kind: .pinterest(shard: 3429, type: 1))
        #expect(pinterest.progression.maximum == 68_719_476_735)
        #expect(try SequenceParameters(kind: .plain) == .plain && SequenceParameters(kind: .prefix) == .prefix)
    }

    /// Against counting one by one.
    @Test func arithmeticAgreesWithCounting() {
        for increment in 1...7 as ClosedRange<UInt64> {
            for offset in 0..<increment {
                for maximum in 1...30 as ClosedRange<UInt64> {
                    let progression = SequenceProgression(increment: increment, offset: offset, maximum: maximum)
                    let values = (1...maximum).filter { $0 % increment == offset }
                    for reserved in 0...maximum {
                        let after = values.filter { $0 > reserved }
                        #expect(progression.next(after: reserved) == after.first)
                        #expect(progression.count(after: reserved) == UInt64(after.count))
                        let run = progression.run(after: reserved, count: 3)
                        #expect(run?.first == after.first && run?.last == after.prefix(3).last)
                        #expect(run?.count ?? 0 == UInt64(min(3, after.count)))
                    }
                }
            }
        }
    }

    @Test func runsAreCutAndJoined() {
        var run = SequenceRun(first: 3, count: 5, increment: 2)
        let head = run.removeFirst(2)
        #expect(head == SequenceRun(first: 3, count: 2, increment: 2) && head.last == 5)
        #expect(run == SequenceRun(first: 7, count: 3, increment: 2) && run.last == 11)
        #expect(head.isFollowed(by: run) && head.joined(with: run) == SequenceRun(first: 3, count: 5, increment: 2))
        #expect(!run.isFollowed(by: head) && !head.isFollowed(by: SequenceRun(first: 9, count: 1, increment: 2)))
        #expect(!head.isFollowed(by: SequenceRun(first: 7, count: 1, increment: 1)))
    }
}
