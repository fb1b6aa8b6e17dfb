internal import ArgumentParser
internal import FirnClient
internal import FirnConfiguration
internal import FirnLayout
internal import FirnStore

/// The command's exit codes. Their numbers and names are those of sysexits.h; `firn --help` documents them.
extension ExitCode {
    static let usage = ExitCode(64)
    static let dataError = ExitCode(65)
    static let unavailable = ExitCode(69)
    static let software = ExitCode(70)
    static let inputOutput = ExitCode(74)
    static let temporaryFailure = ExitCode(75)
    static let configuration = ExitCode(78)
}

extension FirnClientError {
    var exitCode: ExitCode {
        switch code {
        case .invalidAddress: .usage
        case .unreachable: .unavailable
        default: isRetryable ? .temporaryFailure : .software
        }
    }
}

/// An operation that a command refuses, and what to do instead.
struct Refusal: Error {
    let message: String
    let exitCode: ExitCode
}

/// Does a command's work. An error becomes one line on standard error and an exit code.
func reportingErrors(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch {
        try report(error)
    }
}

/// The same for synchronous work.
func reportingErrors(_ work: () throws -> Void) throws {
    do {
        try work()
    } catch {
        try report(error)
    }
}

private func report(_ error: any Error) throws {
    switch error {
    case is OutputClosed:
        // The reader closed the pipe early, as `head` does.
        return
    case let error as FirnClientError:
        var line = "firn: \(error.message)"
        if let retryAfter = error.retryAfter {
            // A daemon's message may lack the full stop.
            if let last = line.last, !".!?".contains(last) { line += "." }
            line += " Try again in \(retryAfter)."
        }
        StandardError.write(line: line)
        throw error.exitCode
    case let error as LayoutError:
        StandardError.write(line: "firn: \(error.message)")
        throw ExitCode.usage
    case let error as StoreError:
        StandardError.write(line: "firn: \(error.message)")
        throw error.code == .unavailable ? ExitCode.temporaryFailure : ExitCode(error.exitCode)
    case let error as ConfigurationError:
        StandardError.write(line: "firn: \(error.description)")
        throw ExitCode.usage
    case let error as Refusal:
        StandardError.write(line: "firn: \(error.message)")
        throw error.exitCode
    case let error as InputError:
        StandardError.write(line: "firn: \(error.description)")
        throw ExitCode.inputOutput
    case let error as OutputError:
        StandardError.write(line: "firn: \(error.description)")
        throw ExitCode.inputOutput
    default:
        throw error
    }
}
