internal import Glibc

/// What the kernel reports about this process (proc(5)).
package struct ProcessReading: Sendable, Equatable {
    package var residentBytes: UInt64
    /// Time on processors so far, in user and kernel mode.
    package var processorSeconds: Double
    package var openDescriptors: UInt64
    package var maximumDescriptors: UInt64

    package init(
        residentBytes: UInt64,
        processorSeconds: Double,
        openDescriptors: UInt64,
        maximumDescriptors: UInt64
    ) {
        self.residentBytes = residentBytes
        self.processorSeconds = processorSeconds
        self.openDescriptors = openDescriptors
        self.maximumDescriptors = maximumDescriptors
    }

    /// The current values; `nil` where there is no `/proc`.
    package static func current() -> ProcessReading? {
        guard let pages = residentPages(), let descriptors = descriptorCount() else { return nil }
        var usage = rusage()
        var limit = rlimit()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return ProcessReading(
            residentBytes: pages * UInt64(sysconf(Int32(_SC_PAGESIZE))),
            processorSeconds: Double(seconds) + Double(microseconds) / 1e6,
            openDescriptors: descriptors,
            maximumDescriptors: UInt64(limit.rlim_cur)
        )
    }

    /// The second number of `statm`.
    private static func residentPages() -> UInt64? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { text in
            let count = read(descriptor, text.baseAddress, text.count)
            guard count > 0 else { return nil }
            let words = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
            return words.count > 1 ? UInt64(words[1]) : nil
        }
    }

    private static func descriptorCount() -> UInt64? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count: UInt64 = 0
        while readdir(directory) != nil { count += 1 }
        // Without the entries for the directory and its parent, and the descriptor that reads the directory.
        return count > 3 ? count - 3 : 0
    }
}
