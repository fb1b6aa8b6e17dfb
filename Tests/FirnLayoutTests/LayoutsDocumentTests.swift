import Foundation
import Testing

@testable import FirnLayout

/// docs/LAYOUTS.md has a row for each layout of the catalogue.
@Suite struct LayoutsDocumentTests {
    private static let document = text(of: "docs/LAYOUTS.md")

    private static func text(of file: String) -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try! String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    }

    /// The row that the document should have: when the catalogue changes, put this in its place.
    static func row(_ known: KnownLayout) -> String {
        let names = ([known.name] + known.otherNames).map { "`\($0)`" }.joined(separator: ", ")
        let fields = known.layout.hasTime ? "`\(known.layout.specification)`" : "16 shard, 10 type, 36 local"
        let columns = [
            names, known.makers, fields, known.since.date, known.layout.lastDay ?? "never",
            minted(known.layout), known.textForm, known.source, known.caution,
        ]
        return "| \(columns.joined(separator: " | ")) |"
    }

    /// Whether `firnd` mints a layout, and why not. A daemon refuses to start past a layout's end.
    private static func minted(_ layout: Layout) -> String {
        if let obstacle = layout.mintingObstacle { return "no: it \(obstacle)" }
        let written = try! UTCTime(parsing: "2026-11-30T00:00:00Z")
        return layout.lastInstant.map { $0 < written } == true ? "no: it has ended" : "yes"
    }

    @Test(arguments: KnownLayout.all)
    func aKnownLayoutHasItsRow(_ known: KnownLayout) {
        let row = Self.row(known)
        #expect(Self.document.split(separator: "\n").contains { $0 == row }, "docs/LAYOUTS.md lacks this row:\n\(row)")
    }

    @Test func noRowIsOfALayoutThatIsNotKnown() throws {
        let lines = Self.document.split(separator: "\n", omittingEmptySubsequences: false)
        let heading = try #require(lines.firstIndex(of: "## All that are known"))
        let table = lines[heading...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        #expect(table.count == KnownLayout.all.count + 2)
    }

    @Test func theNamesThatNoFieldMayHaveAreListed() throws {
        let start = "no field may have them: "
        let place = try #require(Self.document.range(of: start))
        let list = Self.document[place.upperBound...].prefix { $0 != "." }
        let names = list.split { !$0.isLetter }.map(String.init)
        #expect(Set(names) == LayoutFieldReader.takenNames && names == names.sorted())
        for name in names {
            let error = #expect(throws: LayoutError.self) { try Layout(parsing: "time:41ms,\(name):10,sequence:12") }
            #expect(error?.message.contains("has a name that the output uses for something else") == true)
        }
    }

    /// Also some years from now.
    @Test(arguments: 2026...2030)
    func theReadersIDIsGuessedRight(year: Int) throws {
        let readme = Self.text(of: "README.md")
        let start = try #require(readme.range(of: "\n$ firn decode "))
        let number = String(readme[start.upperBound...].prefix { $0.isNumber })
        let id = try FirnID(parsing: number)
        #expect(readme.contains("`firn decode --guess \(number)`: `snowflake` comes first"))
        #expect(readme.contains(Layout.snowflake.drawing(of: id)))
        let candidates = LayoutGuess([id], now: try UTCTime(parsing: "\(year)-12-01T00:00:00Z")).candidates
        #expect(candidates.first?.known.name == "snowflake")
        #expect(candidates[0].evidence - candidates[1].evidence > 3, "\(candidates.prefix(2))")
    }
}
