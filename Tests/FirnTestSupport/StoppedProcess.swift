package import Foundation

/// Stops a process, and waits until the last of its threads stands still.
///
/// kill(2) returns before that: on a busy machine a thread that has not seen the signal yet answers one more request.
///
/// - Parameter orEnded: Whether a process that ended in the meantime, and was not waited for, counts as stopped.
package func stopWholly(_ pid: pid_t, orEnded: Bool = false) throws(StopFailure) {
    guard kill(pid, SIGSTOP) == 0 else { throw StopFailure(pid: pid, text: String(cString: strerror(errno))) }
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if everyThread(of: pid, isIn: orEnded ? ["T", "Z"] : ["T"]) { return }
        usleep(1000)
    }
    throw StopFailure(pid: pid, text: "a thread still runs after 60 s")
}

package struct StopFailure: Error, CustomStringConvertible {
    let pid: pid_t
    let text: String

    package var description: String { "cannot stop process \(pid): \(text)" }
}

private func everyThread(of pid: pid_t, isIn states: Set<Character>) -> Bool {
    let tasks = "/proc/\(pid)/task"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: tasks) else { return false }
    return names.allSatisfy { name in
        guard let text = try? String(contentsOfFile: "\(tasks)/\(name)/stat", encoding: .utf8),
            // The command's name, in parentheses, may hold anything (proc(5)).
            let end = text.lastIndex(of: ")")
        else { return false }
        return text[end...].dropFirst(2).first.map(states.contains) ?? false
    }
}
