import Foundation
import Synchronization

/// Kills the daemons of a test process that was killed itself, or crashed, and so could not.
///
/// A shell that reads the daemons' numbers from a pipe; when the pipe ends, this process has ended.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    private let pipe: Int32

    private static let script = """
        trap '' INT TERM HUP
        pids=' '
        while read -r what pid; do
            case $what in
            started) pids="$pids$pid " ;;
            ended) pids="${pids%% $pid *} ${pids#* $pid }" ;;
            esac
        done
        for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
        """

    private init() {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { fatalError("pipe: \(systemError)") }
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
        guard posix_spawn(&pid, "/bin/sh", &actions, nil, words, [nil]) == 0 else { fatalError("no /bin/sh") }
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

    func started(_ pid: pid_t) { tell("started \(pid)\n") }

    func ended(_ pid: pid_t) { tell("ended \(pid)\n") }

    private func tell(_ line: String) {
        // One short write to a pipe is not torn (pipe(7)).
        _ = Array(line.utf8).withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
    }
}
