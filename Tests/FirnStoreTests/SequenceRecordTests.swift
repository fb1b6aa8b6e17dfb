import Testing

@testable import FirnStore

@Suite struct SequenceRecordTests {
    let text =
        "sequence/1 kind=pinterest shard=3429 type=1 increment=2 offset=1 start=5 maximum=100 reserved=41 "
        + "host=host pid=1 instance=0000000000000007 write=00000000000000ab"

    func record() throws -> SequenceRecord {
        let parameters = try SequenceParameters(
            kind: .pinterest(shard: 3429, type: 1),
            increment: 2,
            start: 5,
            maximum: 100
        )
        var record = SequenceRecord(parameters, holder: holder(7), writeToken: 0xAB)
        #expect(record.reserved == 4 && record.next == 5)
        record.reserved = 41
        return record
    }

    @Test func readsAsOneLine() throws {
        #expect(try record().text == text)
        #expect(try record().next == 43)
    }

    @Test func comesBackAsItWas() throws {
        #expect(try SequenceRecord(key: "sequences/a", text: text) == record())
        for parameters in [SequenceParameters.plain, .prefix] {
            let podded = Holder(host: "web 1", pod: "pod-0", pid: 9, instance: UInt64.max)
            let record = SequenceRecord(parameters, holder: podded, writeToken: UInt64.max)
            #expect(try SequenceRecord(key: "sequences/a", text: record.text) == record)
        }
    }

    @Test(arguments: [
        ("sequence/1", "worker/1"), ("pinterest", "other"), ("shard=3429", "shard=65536"), ("type=1 ", "type=1024 "),
        ("type=1 ", ""), ("increment=2", "increment=0"), ("increment=2", "increment=1"), ("offset=1", "offset=2"),
        ("start=5", "start=0"), ("start=5", "start=101"), ("start=5", "start=50"), ("maximum=100", "maximum=40"),
        ("maximum=100", "maximum=68719476736"), ("reserved=41", "reserved=101"), ("reserved=41", "reserved=3"),
        ("reserved=41", "reserved=-1"), ("pid=1", "pid=4294967296"), ("00ab", "00ab more=1"), ("reserved=41 ", ""),
    ])
    func anyOtherTextIsRefusedWithItsKey(old: String, new: String) {
        let broken = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
        #expect(broken != text)
        let error = #expect(throws: StoreError.self) { try SequenceRecord(key: "sequences/a", text: broken) }
        #expect(error?.code == .corrupt && error?.message.contains("must not be removed") == true)
        #expect(error?.message.contains("sequences/a") == true && error?.message.contains(broken) == true)
    }

    @Test func newerFormatIsToldApart() {
        let error = #expect(throws: StoreError.self) { try SequenceRecord(key: "sequences/a", text: "sequence/2 x=1") }
        #expect(error?.code == .newerFormat)
    }
}
