internal import ArgumentParser
internal import FirnLayout

/// The output format of a command's answer.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    /// One JSON object per line.
    case json
}

/// The output format of IDs.
struct IDOutputFormat: ExpressibleByArgument {
    private let idFormat: IDFormat?

    static let decimal = IDOutputFormat(idFormat: .decimal)

    static let help: ArgumentHelp = """
        How to write them. The fixed forms have one width each and sort as the numbers do. firn decode --help shows \
        the digits of each.
        """

    private init(idFormat: IDFormat?) {
        self.idFormat = idFormat
    }

    init?(argument: String) {
        guard argument != "json" else {
            self.init(idFormat: nil)
            return
        }
        guard let format = IDFormat(name: argument) else { return nil }
        self.init(idFormat: format)
    }

    static var allValueStrings: [String] { IDFormat.allCases.map(\.name) + ["json"] }

    var defaultValueDescription: String { idFormat?.name ?? "json" }

    func line(for id: FirnID) -> String {
        idFormat.map { id.formatted($0) } ?? JSON.object([("id", .string("\(id)"))]).text
    }
}
