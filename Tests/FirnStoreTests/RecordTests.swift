import Testing

@testable import FirnStore

@Suite struct RecordTests {
    let record = WorkerRecord(
        generation: 3,
        limit: 580,
        holder: Holder(host: "web 1=ü%", pod: "pod-0", pid: 412, instance: 0xAB),
        writeToken: UInt64.max,
        renewedAtUnixMilliseconds: 1_700_000_000_000
    )
    let text =
        "worker/1 generation=3 limit=580 host=web%201%3D%C3%BC%25 pod=pod-0 pid=412 "
        + "instance=00000000000000ab write=ffffffffffffffff renewed=1700000000000"

    @Test func workerRecordReadsAsOneLine() {
        #expect(record.text == text)
    }

    @Test func workerRecordComesBackAsItWas() throws {
        #expect(try WorkerRecord(key: "workers/1", text: text) == record)
        var bare = record
        bare.holder = Holder(host: "", pod: nil, pid: 0, instance: 0)
        #expect(try WorkerRecord(key: "workers/1", text: bare.text) == bare)
        bare.holder.pod = "\n\0 \u{1F9CA}"
        #expect(bare.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        #expect(try WorkerRecord(key: "workers/1", text: bare.text) == bare)
    }

    @Test func aLeasedWorkersRecordHasAFormatOfItsOwn() throws {
        var leased = record
        leased.lessee = "orders api"
        let leasedText = text.replacing("worker/1", with: "worker/3") + " lessee=orders%20api"
        #expect(leased.text == leasedText)
        #expect(try WorkerRecord(key: "workers/1", text: leasedText) == leased)
        leased.used = 700
        #expect(leased.text == leasedText.replacing("limit=580", with: "limit=580 used=700"))
        #expect(try WorkerRecord(key: "workers/1", text: leased.text) == leased)
        for broken in [
            leasedText.replacing("worker/3", with: "worker/1"), leasedText.replacing("worker/3", with: "worker/2"),
            text.replacing("worker/1", with: "worker/3"), leasedText.replacing("orders%20api", with: ""),
            leasedText + " more=1",
        ] {
            let error = #expect(throws: StoreError.self, "\(broken)") {
                try WorkerRecord(key: "workers/1", text: broken)
            }
            #expect(error?.code == .corrupt)
        }
        let newer = #expect(throws: StoreError.self) {
            try WorkerRecord(key: "workers/1", text: leasedText.replacing("worker/3", with: "worker/4"))
        }
        #expect(newer?.code == .newerFormat)
    }

    @Test func anyOtherTextIsRefusedWithItsKey() {
        let changes = [
            ("worker/1", "worker/01"), ("worker/1", "layout/1"), ("worker/1 ", ""), ("generation=3", "generation=03"),
            ("generation=3", "generation=+3"), ("generation=3", "generation=18446744073709551615"),
            ("limit=580", "limit=-1"), ("limit=580", "limit=18446744073709551616"), (" limit=580", ""),
            ("limit=580", "limit=580 limit=580"), ("%20", "%2"), ("%3D", "%3d"), ("%25", "%"), ("pod-0", "p%6Fd"),
            ("%C3%BC", "%C3"), ("pid=412", "pid=4294967296"), ("pid=412 ", "pid=412  "), ("00ab", "00AB"),
            ("00ab", "0ab"), ("renewed=1700000000000", "renewed="), ("1700000000000", "1700000000000 "),
            ("1700000000000", "1700000000000 more=1"), ("1700000000000", "1700000000000\n"), ("pod=", "host="),
        ]
        for (old, new) in changes {
            let broken = text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(
                separator: new
            )
            #expect(broken != text)
            let error = #expect(throws: StoreError.self, "\(broken)") {
                try WorkerRecord(key: "workers/1", text: broken)
            }
            #expect(error?.code == .corrupt && error?.exitCode == 78)
            #expect(error?.message.contains("workers/1") == true && error?.message.contains(broken) == true)
        }
        #expect(throws: StoreError.self) { try WorkerRecord(key: "workers/1", text: "") }
    }

    /// Somebody can write anything into the store: the log and the terminal get the beginning of it.
    @Test(arguments: ["worker/1 host=", "worker/9 ", ""])
    func ofALongTextOnlyTheBeginningIsShown(_ start: String) throws {
        let long = start + String(repeating: "x", count: 1_000_000)
        let worker = try #require(throws: StoreError.self) { try WorkerRecord(key: "workers/1", text: long) }
        let layout = try #require(throws: StoreError.self) { try LayoutRecord(text: long) }
        for message in [worker.message, layout.message] {
            #expect(message.utf8.count < 5000 && message.contains("\(long.utf8.count) bytes"))
        }
    }

    @Test func newerFormatIsToldApart() {
        let error = #expect(throws: StoreError.self) { try WorkerRecord(key: "workers/1", text: "worker/4 x=1") }
        #expect(error?.code == .newerFormat && error?.message.contains("knows worker/3 and older") == true)
    }

    /// Only a record that has something to say in it is of the format that earlier versions refuse.
    @Test func whatWasUsedAboveTheLimitHasAFormatOfItsOwn() throws {
        var used = record
        used.used = 581
        #expect(
            used.text == text.replacing("worker/1", with: "worker/2").replacing("limit=580", with: "limit=580 used=581")
        )
        #expect(try WorkerRecord(key: "workers/1", text: used.text) == used)
        #expect(used.freeFrom == 581 && record.freeFrom == 580)
        for broken in ["used=580", "used=0", "used=", "used=18446744073709551616"] {
            let text = used.text.replacing("used=581", with: broken)
            #expect(throws: StoreError.self) { try WorkerRecord(key: "workers/1", text: text) }
        }
        for broken in [used.text.replacing("worker/2", with: "worker/1"), text.replacing("worker/1", with: "worker/2")]
        {
            let error = #expect(throws: StoreError.self) { try WorkerRecord(key: "workers/1", text: broken) }
            #expect(error?.code == .corrupt)
        }
    }

    @Test(arguments: StoreUnderTest.allCases) func layoutIsWrittenOnceAndCompared(_ kind: StoreUnderTest) throws {
        let store = try kind.make()
        let storeID = try LayoutRecord.check(store, layout: "time:41ms worker=10")
        let text = try #require(store.read("layout")?.value)
        #expect(
            text == "layout/1 text=time:41ms%20worker%3D10 store=\(hexadecimal(storeID, digits: 16, uppercase: false))"
        )
        let version = try store.read("layout")?.version
        #expect(try LayoutRecord.check(store, layout: "time:41ms worker=10") == storeID)
        #expect(try LayoutRecord.check(kind.make(), layout: "time:41ms worker=10") != storeID)
        #expect(try store.read("layout")?.version == version)
        let error = #expect(throws: StoreError.self) { try LayoutRecord.check(store, layout: "time:42ms") }
        #expect(error?.code == .layoutDiffers && error?.exitCode == 78)
        #expect(error?.message.contains("time:41ms worker=10") == true && error?.message.contains("time:42ms") == true)
    }

    @Test func aStoreWithoutAnIdentityIsGivenOne() throws {
        let store = MemoryStore()
        _ = try store.write("layout", "layout/1 text=snowflake", ifVersion: nil)
        #expect(throws: StoreError.self) { try LayoutRecord.check(store, layout: "discord") }
        #expect(try LayoutRecord.read(store)?.storeID == nil, "not by a daemon that is refused")
        let storeID = try LayoutRecord.check(store, layout: "snowflake")
        #expect(try LayoutRecord.read(store) == LayoutRecord(layout: "snowflake", storeID: storeID))
        #expect(try LayoutRecord.check(store, layout: "snowflake") == storeID)
    }

    @Test(arguments: ["same", "other"]) func ofTwoFirstDaemonsBothCompare(_ layout: String) throws {
        let store = MemoryStore()
        let isFirst = OnceFlag()
        store.onOperation { operation, _ in
            guard operation == .write, isFirst.take() else { return }
            #expect(throws: Never.self) { try LayoutRecord.check(store, layout: "same") }
        }
        if layout == "same" {
            try LayoutRecord.check(store, layout: layout)
        } else {
            let error = #expect(throws: StoreError.self) { try LayoutRecord.check(store, layout: layout) }
            #expect(error?.code == .layoutDiffers)
        }
    }
}
