package import Foundation

/// Runs `firn` as a process of its own.
package struct Command {
    package let exitCode: Int32
    package let output: String
    package let errors: String

    package init(exitCode: Int32, output: String, errors: String) {
        self.exitCode = exitCode
        self.output = output
        self.errors = errors
    }

    package var lines: [Substring] { output.split(separator: "\n") }

    /// Runs the command, in a shell when a `suffix` says where its output goes. Its standard input is `input`, or empty.
    package static func run(_ arguments: String..., suffix: String? = nil) throws -> Command {
        try run(arguments, suffix: suffix)
    }

    package static func run(
        _ arguments: [String],
        suffix: String? = nil,
        input: String? = nil,
        environment: [String: String] = [:],
        product name: String = "firn"
    ) throws -> Command {
        let executable = product(name)
        let process = Process()
        if let suffix {
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            let line = ([executable.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
            process.arguments = ["-c", "\(line) \(suffix); exit ${PIPESTATUS[0]}"]
        } else {
            process.executableURL = executable
            process.arguments = arguments
        }
        process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        let file = try input.map(Self.file(of:))
        process.standardInput = file ?? FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        // Errors are a few lines and fit in the pipe; output may not.
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let errorText = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Command(
            exitCode: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: errorText, as: UTF8.self)
        )
    }

    /// A file without a name, at its start.
    private static func file(of text: String) throws -> FileHandle {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("firn-input-\(UUID())")
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try FileHandle(forReadingFrom: url)
    }

    package static let executable = product("firn")

    /// The build product beside the test bundle.
    package static func product(_ name: String) -> URL {
        #if os(macOS)
            let bundles = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
            return bundles!.bundleURL.deletingLastPathComponent().appendingPathComponent(name)
        #else
            return Bundle.main.bundleURL.appendingPathComponent(name)
        #endif
    }
}
