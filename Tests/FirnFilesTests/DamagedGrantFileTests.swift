import FirnStore
import FirnTestSupport
import Foundation
import Testing

@testable import FirnFiles

/// The files in which daemons remember what they were granted, with each bit flipped and cut at each length. A daemon that
/// believed an earlier grant than the last one would not notice that its store had been set back to it.
@Suite struct DamagedGrantFileTests {
    static func grant(limit: UInt64) -> Grant {
        Grant(
            address: 7,
            storeID: 77,
            worker: 2,
            generation: 1,
            limit: StoreInstant(tick: limit, unixMilliseconds: limit),
            version: limit,
            newest: WrittenRecord(key: "sequences/orders", version: limit, content: 9),
            storeName: "sqlite:/var/lib/firn/firn.db"
        )
    }

    /// The file after this many writes, with limits from 1001 on.
    static func file(writes: Int) throws -> [UInt8] {
        let directory = TemporaryDirectory()
        let path = directory.path + "/granted-0"
        let file = try #require(try GrantFile.locked(path: path, address: 7))
        for number in 1...writes { try file.write(grant(limit: 1000 + UInt64(number))) }
        return try withExtendedLifetime((file, directory)) { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
    }

    /// The same as Firn wrote it before it wrote copies.
    static func earlierFile(writes: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        for number in 1...writes {
            var place = Array(grant(limit: 1000 + UInt64(number)).text(serial: UInt64(number)).utf8) + [0x0A]
            place += [UInt8](repeating: 0x20, count: GrantFile.placeLength - place.count - 1) + [0x0A]
            let start = (number - 1) % 2 * GrantFile.placeLength
            bytes += [UInt8](repeating: 0, count: max(0, start + GrantFile.placeLength - bytes.count))
            bytes.replaceSubrange(start..<start + GrantFile.placeLength, with: place)
        }
        return bytes
    }

    /// The limit in a file with these bytes; nil if it is refused.
    static func limit(_ bytes: [UInt8]) throws -> UInt64? {
        switch GrantFile.content(bytes, "granted-0") {
        case .grant(let grant, _): grant.limit.tick
        case .damaged: nil
        case .nothing: 0
        }
    }

    @Test(arguments: 1...4) func noFlippedBitGivesAnEarlierGrant(_ writes: Int) throws {
        let whole = try Self.file(writes: writes)
        #expect(whole.count == GrantFile.fileLength)
        let last = 1000 + UInt64(writes)
        #expect(try Self.limit(whole) == last)
        var wrong: [Int] = []
        // All bits of one file, and one of each byte of the others.
        for bit in 0..<whole.count * 8 where writes == 3 || bit % 8 == bit / 8 % 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if try Self.limit(bytes) != last { wrong.append(bit) }
        }
        #expect(wrong.isEmpty, "bits \(wrong.prefix(20))")
    }

    @Test(arguments: 1...4) func noWholePlaceThatIsLostGivesAnEarlierGrant(_ writes: Int) throws {
        let whole = try Self.file(writes: writes)
        for place in 0..<4 {
            for byte in [0, 0x20, 0xFF] as [UInt8] {
                var bytes = whole
                for index in 0..<GrantFile.placeLength { bytes[place * GrantFile.placeLength + index] = byte }
                #expect(try Self.limit(bytes) == 1000 + UInt64(writes), "place \(place), \(byte)")
            }
        }
    }

    @Test(arguments: 1...4) func noLengthGivesAnEarlierGrant(_ writes: Int) throws {
        let whole = try Self.file(writes: writes)
        for length in 1..<whole.count {
            let limit = try Self.limit(Array(whole.prefix(length)))
            #expect(limit == nil || limit == 1000 + UInt64(writes), "\(length) bytes")
        }
        #expect(try Self.limit([]) == 0, "as of a daemon that ended before its first write")
    }

    /// Each place is torn at each length, in either order, with what was there before behind it, or what a disk makes of it.
    @Test(arguments: 0...4) func aTornWriteLeavesTheGrantBefore(_ writes: Int) throws {
        let before = writes == 0 ? [UInt8](repeating: 0, count: GrantFile.fileLength) : try Self.file(writes: writes)
        let after = try Self.file(writes: writes + 1)
        let (first, copy) = (writes % 2 * GrantFile.placeLength, (2 + writes % 2) * GrantFile.placeLength)
        for (torn, other) in [(first, copy), (copy, first)] {
            for isOtherWritten in [false, true] {
                for length in 0...GrantFile.placeLength {
                    var bytes = before
                    if isOtherWritten { Self.copy(after, other, GrantFile.placeLength, to: &bytes) }
                    Self.copy(after, torn, length, to: &bytes)
                    for index in torn + length..<min(torn + length + 16, torn + GrantFile.placeLength)
                    where length % 3 == 1 {
                        bytes[index] = UInt8(ascii: "~")
                    }
                    let limit = try #require(try Self.limit(bytes), "\(length) bytes")
                    let low = writes == 0 ? 0 : 1000 + UInt64(writes)
                    #expect(limit == low || limit == 1001 + UInt64(writes), "\(length) bytes")
                    #expect(!isOtherWritten || limit == 1001 + UInt64(writes), "\(length) bytes")
                }
            }
        }
    }

    private static func copy(_ source: [UInt8], _ start: Int, _ length: Int, to bytes: inout [UInt8]) {
        bytes.replaceSubrange(start..<start + length, with: source[start..<start + length])
    }

    /// And gets its copies with the next writes.
    @Test(arguments: 1...4) func anEarlierFileIsTakenOver(_ writes: Int) throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/granted-0"
        try Data(try Self.earlierFile(writes: writes)).write(to: URL(fileURLWithPath: path))
        let file = try #require(try GrantFile.locked(path: path, address: 7))
        #expect(file.inherited == Self.grant(limit: 1000 + UInt64(writes)))
        for number in writes + 1...writes + 2 {
            try file.write(Self.grant(limit: 1000 + UInt64(number)))
            #expect(try Self.limit([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))) == 1000 + UInt64(number))
        }
        #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))).count == GrantFile.fileLength)
    }
}
