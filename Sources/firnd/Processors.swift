internal import CLinux
internal import FirnConfiguration

/// How many processors the daemon may use.
enum Processors {
    /// Those that the kernel lets it run on, or the whole ones of its control group's quota where that is less: a pod
    /// that may use half a core of sixty-four is served by one thread.
    static var count: Int {
        let processors = Int(firn_processor_count())
        guard let text = try? TextFile.read(path: "/sys/fs/cgroup/cpu.max"), let quota = quota(text) else {
            return processors
        }
        return max(1, min(processors, quota))
    }

    /// Reads cgroup v2's `cpu.max`: microseconds allowed in each period of so many, or `max`.
    static func quota(_ text: String) -> Int? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let allowed = Int(words[0]), let period = Int(words[1]), period > 0 else { return nil }
        return (allowed + period - 1) / period
    }
}
