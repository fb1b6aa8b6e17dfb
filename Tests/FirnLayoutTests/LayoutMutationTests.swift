import FirnLayout
import FirnTestSupport
import Testing

@Suite struct LayoutMutationTests {
    @Test(arguments: seeds)
    func everyRandomTextIsRead(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let text = Layout.randomText(using: &generator)
            let layout: Layout
            do {
                layout = try Layout(parsing: text)
            } catch {
                // The only thing that a random text may have wrong.
                #expect(error.message.contains("no whole millisecond"), "\(text): \(error)")
                continue
            }
            try expectRoundTrip(of: layout, from: text)
        }
    }

    /// Random changes of valid texts: none traps, and what is still a layout has one text.
    @Test(arguments: seeds)
    func changedTextsAreRefusedOrRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var accepted = 0
        for round in 0..<200 {
            let start =
                round % 4 == 0
                ? Layout.presets.randomElement(using: &generator)!.name + "@2020-01-01T00:00:00Z"
                : Layout.randomText(using: &generator)
            let text = changed(start, using: &generator)
            do {
                let layout = try Layout(parsing: text)
                accepted += 1
                try expectRoundTrip(of: layout, from: text)
                let id = FirnID(rawValue: generator.next())
                #expect(layout.drawing(of: id).split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
                _ = layout.decode(id).json.text
                _ = layout.warnings
            } catch let error as LayoutError {
                #expect(error.code == .invalidLayout, "\(text)")
                #expect(error.message.utf8.count < 2048, "\(text)")
            }
        }
        #expect(accepted > 0, "no change leaves a valid text, so the test tests nothing")
    }

    private func expectRoundTrip(of layout: Layout, from text: String) throws {
        #expect(try Layout(parsing: layout.specification) == layout, "\(text)")
        #expect(try Layout(parsing: layout.name) == layout, "\(text)")
        #expect(layout.fields.reduce(0) { $0 + $1.width } == 64, "\(text)")
    }

    private func changed(_ text: String, using generator: inout SeededGenerator) -> String {
        let alphabet = Array("0123456789abcdtz:,@/=-_x.TZé \0")
        let words = [
            "/random", "/floored", "/descending", "/first=3", "/reserved=1-2", "=1", ",unused:1", ",a:1", "time:1s",
        ]
        var characters = Array(text)
        for _ in 0...Int.random(in: 0..<3, using: &generator) {
            let place = Int.random(in: 0...characters.count, using: &generator)
            let end = min(characters.count, place + Int.random(in: 0..<4, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: characters.removeSubrange(place..<end)
            case 1: characters.insert(alphabet.randomElement(using: &generator)!, at: place)
            case 2: characters.insert(contentsOf: words.randomElement(using: &generator)!, at: place)
            default:
                if place < characters.count { characters[place] = alphabet.randomElement(using: &generator)! }
            }
        }
        return String(characters)
    }
}
