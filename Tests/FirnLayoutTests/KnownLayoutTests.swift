import FirnLayout
import Foundation
import Testing

/// An ID of a known layout, as Vectors/known.tsv has it.
struct KnownID: CustomTestStringConvertible {
    let layout: String
    let id: FirnID
    let utc: String
    /// All fields but the time.
    let fields: [String: UInt64]
    let provenance: String

    var testDescription: String { "\(layout) \(id)" }

    static let all: [KnownID] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Vectors/known.tsv")
        let text = try! String(contentsOf: file, encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let fields = columns[3].split(separator: " ").map { $0.split(separator: "=") }
            return KnownID(
                layout: columns[0],
                id: FirnID(rawValue: UInt64(columns[1])!),
                utc: columns[2],
                fields: Dictionary(uniqueKeysWithValues: fields.map { (String($0[0]), UInt64($0[1])!) }),
                provenance: columns[4]
            )
        }
    }()
}

@Suite struct KnownLayoutTests {
    @Test func everyLayoutOfTheCatalogueHasAnID() {
        let withID = Set(KnownID.all.map(\.layout))
        for known in KnownLayout.all where known.layout.hasTime {
            #expect(withID.contains(known.name), "\(known.name)")
        }
        #expect(KnownID.all.filter { $0.provenance.hasPrefix("minted") }.count >= 12)
        #expect(KnownID.all.allSatisfy { !$0.provenance.isEmpty })
    }

    @Test(arguments: KnownID.all)
    func anIDHasItsTimeAndFields(_ known: KnownID) throws {
        let layout = try #require(Layout.preset(named: known.layout))
        let decoded = layout.decode(known.id)
        #expect(decoded.utc?.description == known.utc)
        #expect(decoded.fitsLayout)
        let others = decoded.values.filter { $0.field.kind != .time && $0.field.kind != .unused }
        #expect(Dictionary(uniqueKeysWithValues: others.map { ($0.field.name, $0.value) }) == known.fields)
        let entry = try #require(KnownLayout.named(known.layout))
        #expect(try UTCTime(parsing: known.utc) >= entry.since)
    }

    /// A package may round its clock up, and an ID belongs to the tick in which it was made.
    @Test(arguments: KnownID.all.filter { $0.provenance.hasPrefix("minted ") && $0.provenance.contains("T") })
    func aMintedIDIsOfTheInstantAtWhichItWasMinted(_ known: KnownID) throws {
        let text = try #require(known.provenance.split(separator: " ").dropFirst().first)
        guard text.contains("T") else { return }
        let minted = try UTCTime(parsing: String(text))
        let decoded = try #require(Layout.preset(named: known.layout)?.decode(known.id).utc)
        #expect(abs(Int64(decoded.unixMilliseconds) - Int64(minted.unixMilliseconds)) <= 10)
    }

    @Test func presetsAreTheCatalogue() {
        #expect(Layout.presets.prefix(7).map(\.name) == LayoutTests.presets.map(\.name))
        #expect(Set(Layout.presets) == Set(KnownLayout.all.map(\.layout)))
        #expect(Layout.presets.count == KnownLayout.all.count, "no layout is there twice")
        let names = KnownLayout.all.flatMap { [$0.name] + $0.otherNames }
        #expect(Set(names).count == names.count, "no name is there twice")
    }

    @Test(arguments: KnownLayout.all)
    func aKnownLayoutIsReadFromItsNamesAndFields(_ known: KnownLayout) throws {
        for text in [known.name, known.layout.specification] + known.otherNames {
            #expect(try Layout(parsing: text) == known.layout)
        }
        #expect(KnownLayout.equal(to: known.layout) == known)
        #expect(KnownLayout.named(known.name) == known)
        #expect(!known.makers.isEmpty && !known.source.isEmpty && !known.textForm.isEmpty)
        #expect(known.caution.hasSuffix("."))
        #expect(known.layout.hasTime == (known.layout != .pinterest))
        if let last = known.layout.lastInstant { #expect(known.since < last) }
        // Of a layout with an epoch of its own no ID is older than that.
        #expect(known.layout.epoch.date <= known.since.date)
    }

    @Test func otherNamesGiveTheLayoutWithItsOwnName() throws {
        #expect(try Layout(parsing: "leaf").name == "snowflake")
        #expect(try Layout(parsing: "linkedin").name == "unix")
        #expect(Layout.preset(named: "leafs") == nil)
        #expect(KnownLayout.named("no such layout") == nil)
    }

    /// Those that a daemon cannot keep its promises with.
    @Test func someAreOnlyDecoded() {
        let decodedOnly = KnownLayout.all.filter { $0.layout.mintingObstacle != nil }.map(\.name)
        #expect(
            Set(decodedOnly) == ["tiktok", "yitter", "yitter-csharp", "yitter-js", "seata", "pinterest"]
        )
    }
}
