import Foundation
import Testing

@testable import FirnConfiguration

/// The directories of a daemon that was not told where to go: what cannot be had is said with the option that is missing.
@Suite struct DefaultPathsTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/firn-defaults.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private static let uses: [(DefaultPaths.Use, String)] = [
        (.socket, "--listen"), (.store, "--store"), (.state, "--state-dir"),
    ]

    @Test(arguments: uses)
    func theSystemsReasonAndTheMissingOptionAreNamed(_ use: DefaultPaths.Use, _ option: String) throws {
        try withDirectory { path in
            _ = FileManager.default.createFile(atPath: path + "/file", contents: nil)
            let below = path + "/file/firn"
            let paths = DefaultPaths(socketDirectory: below, storeDirectory: below, mode: 0o700)
            let error = #expect(throws: ConfigurationError.self) { try paths.makeDirectory(for: use) }
            #expect(
                error?.description == "the default directory \(below) cannot be made: Not a directory; give \(option)"
            )
            let examined = #expect(throws: ConfigurationError.self) { try paths.examineDirectory(for: use) }
            #expect(examined?.description.hasSuffix("give \(option)") == true)

            let file = DefaultPaths(socketDirectory: path + "/file", storeDirectory: path + "/file", mode: 0o700)
            let taken = #expect(throws: ConfigurationError.self) { try file.makeDirectory(for: use) }
            #expect(taken?.description.hasSuffix("is no directory; remove it, or give \(option)") == true)
        }
    }

    @Test func onlyWhatIsUsedIsMade() throws {
        try withDirectory { path in
            let paths = DefaultPaths(socketDirectory: path + "/a/b", storeDirectory: path + "/c", mode: 0o700)
            #expect(try !paths.examineDirectory(for: .socket))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
            try paths.makeDirectory(for: .socket)
            #expect(try paths.examineDirectory(for: .socket))
            #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["a"])
            try paths.makeDirectory(for: .socket)
        }
    }

    @Test func othersMayNotReachOneUnderTmp() throws {
        try withDirectory { path in
            let paths = DefaultPaths(socketDirectory: path, storeDirectory: path, mode: 0o700)
            try paths.makeDirectory(for: .state)
            chmod(path, 0o755)
            let error = #expect(throws: ConfigurationError.self) { try paths.makeDirectory(for: .state) }
            #expect(error?.description.contains("is not this user's alone") == true)
        }
    }

    /// A relative one would be another place in every working directory, and the client does not look there either.
    @Test func relativeAndEmptyDirectoriesOfTheEnvironmentAreLeftOut() {
        let plain = DefaultPaths(environment: { _ in nil })
        for value in ["", "run", "./run"] {
            let paths = DefaultPaths(environment: { $0.hasPrefix("XDG_") ? value : nil })
            #expect(paths.socketPath == plain.socketPath && paths.storePath == plain.storePath)
        }
    }
}
