import FirnStore
import Testing

/// How a store's failure is told to people.
struct StoreErrorTests {
    @Test func itIsASentenceWithoutTheNameOfItsCode() {
        let error = StoreError(code: .setBack, message: "the store was set back")
        #expect("\(error)" == "the store was set back")
        #expect(ReleaseOutcome.failed(error).reason == "the store was set back")
        #expect(ReleaseOutcome.conflict.reason?.contains("another daemon") == true)
        #expect(ReleaseOutcome.released(limit: 7).reason == nil && ReleaseOutcome.unneeded.reason == nil)
    }
}
