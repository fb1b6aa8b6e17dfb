import Foundation

/// A directory of one test's own, with a path short enough for Unix sockets; removed with all that is in it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/firnd-e2e.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(systemError)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// The SQLite file that daemons of this directory share unless told otherwise.
    var store: String { file("firn.db") }

    /// Where they remember what they were granted.
    var state: String { file("state") }

    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }
}

/// What a test cannot go on without.
struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The last system call's error, in words.
var systemError: String { String(cString: strerror(errno)) }

/// Runs `body` with a directory that outlives it.
func withScratch<Result>(_ body: (Scratch) throws -> Result) throws -> Result {
    let scratch = try Scratch()
    return try withExtendedLifetime(scratch) { try body(scratch) }
}

/// The same with an asynchronous body.
func withScratch<Result>(_ body: (Scratch) async throws -> Result) async throws -> Result {
    let scratch = try Scratch()
    let result = try await body(scratch)
    withExtendedLifetime(scratch) {}
    return result
}

/// Asks every millisecond until `condition` holds.
///
/// - Returns: how long that took.
@discardableResult
func eventually(
    _ what: @autoclosure () -> String,
    within limit: Duration = .seconds(60),
    every pause: Duration = .milliseconds(1),
    _ condition: () throws -> Bool
) throws -> Duration {
    let clock = ContinuousClock()
    let start = clock.now
    while try !condition() {
        guard start.duration(to: clock.now) < limit else { throw TestFailure("not within \(limit): \(what())") }
        sleep(pause)
    }
    return start.duration(to: clock.now)
}

func sleep(_ duration: Duration) {
    usleep(UInt32(duration.milliseconds * 1000))
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
