internal import CLinux
internal import FirnConfiguration

/// The number of processors that the daemon may use.
enum Processors {
    /// The processors in its affinity mask, or the whole processors of its control group's quota if that is less: a pod
    /// with a quota of half a processor on a host with 64 gets one thread.
    static var count: Int {
        let processors = Int(firn_processor_count())
        guard let text = try? TextFile.read(path: "/sys/fs/cgroup/cpu.max"), let quota = quota(text) else {
            return processors
        }
        return max(1, min(processors, quota))
    }

    /// Reads cgroup v2's `cpu.max`: the microseconds allowed per period, or `max`, and the period's microseconds.
    static func quota(_ text: String) -> Int? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let allowed = Int(words[0]), let period = Int(words[1]), period > 0 else { return nil }
        return (allowed + period - 1) / period
    }
}
