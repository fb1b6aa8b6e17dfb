import Foundation
import Testing

@testable import FirnConfiguration

/// The directories of a daemon that was not told where to go: what cannot be had is said with the option that is missing.
@Suite struct DefaultPlacesTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/firn-defaults.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private static let uses: [(DefaultPlaces.Use, String)] = [
        (.socket, "--listen"), (.store, "--store"), (.state, "--state-dir"),
    ]

    @Test(arguments: uses)
    func theSystemsReasonAndTheMissingOptionAreNamed(_ use: DefaultPlaces.Use, _ option: String) throws {
        try withDirectory { path in
            _ = FileManager.default.createFile(atPath: path + "/file", contents: nil)
            let below = path + "/file/firn"
            let places = DefaultPlaces(socketDirectory: below, storeDirectory: below, mode: 0o700)
            let error = #expect(throws: ConfigurationError.self) { try places.makeDirectory(for: use) }
            #expect(
                error?.description == "the default directory \(below) cannot be made: Not a directory; give \(option)"
            )
            let examined = #expect(throws: ConfigurationError.self) { try places.examineDirectory(for: use) }
            #expect(examined?.description.hasSuffix("give \(option)") == true)

            let file = DefaultPlaces(socketDirectory: path + "/file", storeDirectory: path + "/file", mode: 0o700)
            let taken = #expect(throws: ConfigurationError.self) { try file.makeDirectory(for: use) }
            #expect(taken?.description.hasSuffix("is no directory; remove it, or give \(option)") == true)
        }
    }

    @Test func onlyWhatIsUsedIsMade() throws {
        try withDirectory { path in
            let places = DefaultPlaces(socketDirectory: path + "/a/b", storeDirectory: path + "/c", mode: 0o700)
            #expect(try !places.examineDirectory(for: .socket))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
            try places.makeDirectory(for: .socket)
            #expect(try places.examineDirectory(for: .socket))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a"])
            try places.makeDirectory(for: .socket)
        }
    }

    @Test func othersMayNotReachOneUnderTmp() throws {
        try withDirectory { path in
            let places = DefaultPlaces(socketDirectory: path, storeDirectory: path, mode: 0o700)
            try places.makeDirectory(for: .state)
            chmod(path, 0o755)
            let error = #expect(throws: ConfigurationError.self) { try places.makeDirectory(for: .state) }
            #expect(error?.description.contains("is not this user's alone") == true)
        }
    }

    /// A relative one would be another place in every working directory, and the client does not look there either.
    @Test func relativeAndEmptyDirectoriesOfTheEnvironmentAreLeftOut() {
        let plain = DefaultPlaces(environment: { _ in nil })
        for value in ["", "run", "./run"] {
            let places = DefaultPlaces(environment: { $0.hasPrefix("XDG_") ? value : nil })
            #expect(places.socketPath == plain.socketPath && places.storePath == plain.storePath)
        }
    }
}
