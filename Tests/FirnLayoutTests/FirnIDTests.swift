import FirnLayout
import Testing

@Suite struct FirnIDTests {
    @Test func idsOrderAsTheirBitsDo() {
        #expect(FirnID(rawValue: 1) < FirnID(rawValue: UInt64.max))
    }
}
