import FirnConfiguration
import Foundation
import Testing

@Suite struct ProgramArgumentsTests {
    private func bytes(_ words: String...) -> [UInt8] {
        words.flatMap { Array($0.utf8) + [0] }
    }

    @Test func theRuntimesWordsAreTakenWhereItHasThem() throws {
        #expect(try ProgramArguments.words(runtime: ["firnd", "--check"], process: nil) == ["--check"])
        #expect(try ProgramArguments.words(runtime: ["firnd"], process: bytes("other", "--check")) == [])
    }

    @Test func theKernelsWordsAreTakenWhereItHasNone() throws {
        let words = ["--store=memory", "", "--listen", "unix:/a b\n", ""]
        let process = bytes("/usr/bin/firnd") + words.flatMap { bytes($0) }
        #expect(try ProgramArguments.words(runtime: [], process: process) == words)
        #expect(try ProgramArguments.words(runtime: [], process: bytes("firnd")) == [])
        // Whoever writes over its own name may leave out the last NUL.
        #expect(
            try ProgramArguments.words(runtime: [], process: Array(bytes("firnd", "--check").dropLast())) == ["--check"]
        )
    }

    @Test func withoutAnyWordsItIsRefused() {
        #expect(throws: MissingArguments.self) { try ProgramArguments.words(runtime: [], process: nil) }
        #expect(throws: MissingArguments.self) { try ProgramArguments.words(runtime: [], process: []) }
    }

    /// The fault itself: a statically linked program, and a library whose constructor sets a variable.
    @Test(.enabled(if: StaticProgram.isPossible, "cc or swiftc with the static standard library is missing"))
    func aPreloadedLibraryTakesNoWordsAway() throws {
        let program = try StaticProgram()
        defer { program.remove() }
        let words = ["--store", "memory", "", "ä"]
        let plain = try program.run(words, preloading: false)
        #expect(plain == "5 \(words)\n")
        let preloaded = try program.run(words, preloading: true)
        // The first number is Swift's own count. Should it be right one day, this file has nothing left to do.
        #expect(preloaded == "0 \(words)\n")
    }
}

/// A program of ``ProgramArguments`` and a few lines, linked statically; and a library to preload into it.
private struct StaticProgram {
    private let directory: URL
    private static let swiftc = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { $0 + "/swiftc" }.first(where: isThere)

    private static func isThere(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

    static var isPossible: Bool {
        guard let swiftc, isThere("/usr/bin/cc") else { return false }
        let compiler = URL(fileURLWithPath: swiftc).resolvingSymlinksInPath()
        let library = compiler.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("lib/swift_static")
        return FileManager.default.fileExists(atPath: library.path)
    }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("firn-preload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(
            """
            #include <stdlib.h>
            __attribute__((constructor)) static void set(void) { setenv("PRELOADED", "1", 1); }
            """.utf8
        ).write(to: directory.appendingPathComponent("set.c"))
        try Data(
            """
            @main struct Program {
                static func main() throws { print(CommandLine.arguments.count, try ProgramArguments.read()) }
            }
            """.utf8
        ).write(to: directory.appendingPathComponent("Program.swift"))
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/FirnConfiguration/ProgramArguments.swift").standardized.path
        _ = try Self.run("/usr/bin/cc", ["-shared", "-fPIC", "-o", path("set.so"), path("set.c")])
        _ = try Self.run(
            Self.swiftc!,
            [
                "-swift-version", "6", "-package-name", "firn", "-enable-upcoming-feature", "InternalImportsByDefault",
                "-parse-as-library", "-static-stdlib", "-module-cache-path", path("cache"), "-o", path("program"),
                source,
                path("Program.swift"),
            ]
        )
    }

    func remove() {
        try? FileManager.default.removeItem(at: directory)
    }

    func run(_ words: [String], preloading: Bool) throws -> String {
        try Self.run(path("program"), words, environment: preloading ? ["LD_PRELOAD": path("set.so")] : [:])
    }

    private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private static func run(_ program: String, _ words: [String], environment: [String: String] = [:]) throws -> String
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"].merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(program: program, code: process.terminationStatus) }
        return text
    }

    private struct Failed: Error {
        let program: String
        let code: Int32
    }
}
