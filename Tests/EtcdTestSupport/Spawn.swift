internal import FirnTestSupport
package import Foundation

/// Starts a program that ends with this process at the latest.
///
/// - Parameters:
///   - log: the file that gets what it says.
///   - origin: where the program comes from, for whoever lacks it.
package func spawn(_ command: [String], log: String, _ origin: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Before the first, which it keeps this process's descriptors from.
    let watchdog = Watchdog.shared
    let words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    let variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
    defer { (words + variables).forEach { free($0) } }
    var pid: pid_t = 0
    let status = posix_spawn(&pid, command[0], &actions, nil, words, variables)
    guard status == 0 else {
        throw EtcdTestFailure("cannot start \(command[0]) (\(origin)): \(String(cString: strerror(status)))")
    }
    watchdog.started(pid)
    return pid
}

/// Runs a program to its end. Throws what it said unless it succeeds.
@discardableResult
package func run(_ command: [String], _ origin: String) throws -> String {
    let log = "/tmp/firn-run.\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: log) }
    let pid = try spawn(command, log: log, origin)
    var status: Int32 = 0
    _ = waitpid(pid, &status, 0)
    Watchdog.shared.ended(pid)
    let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    guard status == 0 else { throw EtcdTestFailure("\(command.joined(separator: " ")): \(said)") }
    return said
}
