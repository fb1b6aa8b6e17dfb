internal import Foundation

/// Kills the daemons, and removes the directories, of a test process that was killed itself, or crashed, or simply ended
/// with them still in use, and so could not.
///
/// A shell that reads the daemons' numbers from a pipe; when the pipe ends, this process has ended.
package final class Watchdog: Sendable {
    package static let shared = Watchdog()

    private let pipe: Int32

    private static let script = """
        trap '' INT TERM HUP
        pids=' '
        directories=' '
        while read -r what it; do
            case $what in
            started) pids="$pids$it " ;;
            ended) pids="${pids%% $it *} ${pids#* $it }" ;;
            made) directories="$directories$it " ;;
            removed) directories="${directories%% $it *} ${directories#* $it }" ;;
            esac
        done
        for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
        for directory in $directories; do rm -rf "$directory"; done
        """

    private init() {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { fatalError("pipe: \(String(cString: strerror(errno)))") }
        Self.keepDescriptorsFromChildren()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let words: [UnsafeMutablePointer<CChar>?] = [strdup("sh"), strdup("-c"), strdup(Self.script), nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/bin:/bin"), nil]
        defer { variables.forEach { free($0) } }
        guard posix_spawn(&pid, "/bin/sh", &actions, nil, words, variables) == 0 else { fatalError("no /bin/sh") }
        close(ends[0])
        pipe = ends[1]
    }

    /// What this process has open (its runner's pipes, and the one above) is no daemon's; all that is opened later says
    /// so itself.
    private static func keepDescriptorsFromChildren() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            guard let descriptor = Int32(name), descriptor > 2 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    package func started(_ pid: Int32) { tell("started \(pid)\n") }

    package func ended(_ pid: Int32) { tell("ended \(pid)\n") }

    /// - Parameter directory: a path without blanks, of the test's own making.
    package func made(directory: String) { tell("made \(directory)\n") }

    package func removed(directory: String) { tell("removed \(directory)\n") }

    private func tell(_ line: String) {
        // One short write to a pipe is not torn (pipe(7)).
        _ = Array(line.utf8).withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
    }
}
