import FirnTestSupport
import Foundation

/// What the kernel says of a daemon's process (proc(5)).
extension Daemon {
    /// Resident memory in KiB, of what is its own: neither files nor shared memory.
    func residentKiB() throws -> Int {
        try number("RssAnon:", in: "/proc/\(pid)/status")
    }

    /// CPU time used so far, in user and kernel mode. Kept by the kernel in steps of 10 ms.
    func processorTime() throws -> Duration {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The command's name, in parentheses, may hold anything; fields 14 and 15 count from the process's number.
        let fields = text[text.lastIndex(of: ")")!...].split(separator: " ")
        guard let user = Int(fields[12]), let system = Int(fields[13]) else { throw TestFailure("no times: \(text)") }
        return .milliseconds((user + system) * 1000 / sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Waits until it has used no processor for a while, by its clock and by ours: it has done what it can.
    func waitUntilIdle() throws {
        var (last, looks) = (try processorTime(), 0)
        try eventually("it has nothing to do", every: .milliseconds(100)) {
            let now = try processorTime()
            (last, looks) = (now, now == last ? looks + 1 : 0)
            return looks == 5
        }
    }

    /// It answers nothing until it is sent SIGCONT.
    func pause() throws { try stopWholly(pid) }

    /// Stops it where it holds no lock of a SQLite store: with one, nobody else could write until it goes on.
    func pause(outsideOfWritesTo store: String) throws {
        let file = try StoreFile(store, patience: .milliseconds(100))
        while true {
            try pause()
            if (try? file.run("BEGIN IMMEDIATE; ROLLBACK")) != nil { return }
            signal(SIGCONT)
            usleep(10_000)
        }
    }

    var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }

    /// Lets it open no more files than these, in all. At its start it would keep its own limits to that.
    func limitOpenFiles(to count: Int) throws {
        let (status, output) = try Tool.run("/usr/bin/prlimit", "--pid", "\(pid)", "--nofile=\(count):\(count)")
        guard status == 0 else { throw TestFailure("prlimit (package util-linux): \(output)") }
    }

    private func number(_ name: String, in path: String) throws -> Int {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
        else { throw TestFailure("no \(name) in \(path)") }
        return number
    }
}

/// Lets this process open as many files as the system allows it.
func raiseOpenFileLimit() -> Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(limit.rlim_cur)
}
