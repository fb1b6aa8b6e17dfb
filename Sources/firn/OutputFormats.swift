internal import ArgumentParser
internal import FirnLayout

/// How a command's answer is written.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    /// One JSON object a line.
    case json
}

/// How IDs are written.
struct IDOutputFormat: ExpressibleByArgument {
    private let idFormat: IDFormat?

    static let decimal = IDOutputFormat(idFormat: .decimal)

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

/// How IDs are read. Its own type, for `IDFormat` belongs to a library that does not know ArgumentParser.
struct IDInputFormat: ExpressibleByArgument {
    let idFormat: IDFormat

    init(_ idFormat: IDFormat) {
        self.idFormat = idFormat
    }

    init?(argument: String) {
        guard let format = IDFormat(name: argument) else { return nil }
        self.init(format)
    }

    static var allValueStrings: [String] { IDFormat.allCases.map(\.name) }

    var defaultValueDescription: String { idFormat.name }
}
