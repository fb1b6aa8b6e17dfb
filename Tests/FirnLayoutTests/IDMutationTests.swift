import FirnLayout
import FirnTestSupport
import Testing

/// Random changes of IDs' texts.
@Suite struct IDMutationTests {
    /// What is still an ID has one text, and what a message advises to give is an ID.
    @Test(arguments: seeds)
    func changedTextsAreRefusedOrRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var (accepted, advised) = (0, 0)
        for _ in 0..<80 {
            let format = generator.oneIn(2) ? .decimal : IDFormat.allCases.randomElement(using: &generator)!
            let id = FirnID(rawValue: generator.number(upTo: .max))
            let text = changed(
                format == .decimal ? grouped(id, using: &generator) : id.formatted(format),
                using: &generator
            )
            do {
                let read = try FirnID(parsing: text, format: format)
                accepted += 1
                #expect(try FirnID(parsing: read.formatted(format), format: format) == read, "\(format) \(text)")
            } catch {
                #expect(error.code == .invalidID && error.message.hasSuffix("."), "\(text): \(error)")
                guard let advice = error.message.firstRange(of: " and give ") else { continue }
                advised += 1
                let given = String(error.message[advice.upperBound...].dropLast())
                _ = try FirnID(parsing: given, format: format)
                #expect(text.filter(\.isNumber) == given.filter(\.isNumber), "\(text): \(error)")
            }
        }
        #expect(accepted > 0 && advised > 0, "the test tests nothing")
    }

    /// An ID in decimal, often with separators between thousands or somewhere.
    private func grouped(_ id: FirnID, using generator: inout SeededGenerator) -> String {
        let separator = ["", ",", ".", "_", " ", "’", ";"].randomElement(using: &generator)!
        let isRegular = !generator.oneIn(3)
        let digits = id.description
        return digits.enumerated().reduce(into: "") { text, digit in
            let isPlace = isRegular ? (digits.count - digit.offset).isMultiple(of: 3) : generator.oneIn(4)
            if digit.offset > 0, isPlace { text += separator }
            text.append(digit.element)
        }
    }

    private func changed(_ text: String, using generator: inout SeededGenerator) -> String {
        let alphabet = Array("0123456789azAZ,;.|'\"_-+ \t()[]eExé\u{a0}\u{2212}")
        var characters = Array(text)
        for _ in 0..<Int.random(in: 0..<3, using: &generator) {
            let place = Int.random(in: 0...characters.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0 where place < characters.count: characters.remove(at: place)
            case 1 where place < characters.count: characters[place] = alphabet.randomElement(using: &generator)!
            default: characters.insert(alphabet.randomElement(using: &generator)!, at: place)
            }
        }
        return String(characters)
    }
}
