import FirnLayout
import Testing

@Suite struct VectorTests {
    @Test func thereAreVectorsOfEverySystem() {
        #expect(Vectors.all.timed.count >= 6)
        #expect(Vectors.all.pinterest.count >= 2)
        #expect(Vectors.all.texts.count >= 1)
    }

    @Test(arguments: Vectors.all.timed)
    func timedIDsHaveTheirFieldsAndTime(_ vector: Vectors.Timed) throws {
        let layout = try #require(Layout.preset(named: vector.layout))
        let id = try FirnID(parsing: vector.id)
        let decoded = layout.decode(id)
        #expect(decoded.time == vector.time)
        #expect(decoded.worker == vector.worker)
        #expect(decoded.sequence == vector.sequence)
        #expect(decoded.fitsLayout)
        #expect(decoded.unixMilliseconds == vector.unixMilliseconds)
        #expect(decoded.utc?.description == vector.utc)
        #expect(try UTCTime(parsing: vector.utc).unixMilliseconds == vector.unixMilliseconds)
        #expect(layout.tick(atUnixNanoseconds: Int64(vector.unixMilliseconds) * 1_000_000) == vector.time)
    }

    @Test(arguments: Vectors.all.timed)
    func timedIDsAreMadeOfTheirFields(_ vector: Vectors.Timed) throws {
        let layout = try #require(Layout.preset(named: vector.layout))
        let id = try FirnID(parsing: vector.id)
        #expect(try layout.makeID(time: vector.time, worker: vector.worker, sequence: vector.sequence) == id)
        let position = vector.time << UInt64(layout.sequenceBits) | vector.sequence
        #expect(layout.makeID(position: position, worker: vector.worker) == id)
        #expect(layout.position(of: id) == position)
        #expect(layout.worker(of: id) == vector.worker)
    }

    @Test func pinterestIDsHaveAndAreMadeOfTheirFields() throws {
        for vector in Vectors.all.pinterest {
            let id = try FirnID(parsing: vector.id)
            let decoded = Layout.pinterest.decode(id)
            #expect(decoded.shard == vector.shard)
            #expect(decoded.type == vector.type)
            #expect(decoded.local == vector.local)
            #expect(decoded.fitsLayout)
            #expect(
                try Layout.pinterest.makeID(shard: vector.shard, type: vector.type, local: vector.local) == id
            )
        }
    }

    @Test func textsAreTheSystemsOwn() throws {
        for vector in Vectors.all.texts {
            let id = try FirnID(parsing: vector.id)
            #expect(id.formatted(.base58) == vector.base58)
            #expect(try FirnID(parsing: vector.base58, format: .base58) == id)
        }
    }
}
