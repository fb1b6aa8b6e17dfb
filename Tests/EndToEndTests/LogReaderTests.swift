import EtcdTestSupport
import FirnStore
import FirnTestSupport
import Foundation
import Testing

/// Who reads the log may stand still: the daemon does not.
@Suite struct LogReaderTests {
    /// A pipe with a name that is full, and that nobody reads until the test does.
    private final class FullPipe {
        let path: String
        private let descriptor: Int32

        init(in scratch: Scratch) throws {
            path = scratch.file("log.pipe")
            guard mkfifo(path, 0o600) == 0 else { throw TestFailure("mkfifo: \(systemError)") }
            // For both: so no open of it waits for the other end, and none is the last.
            descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw TestFailure("open: \(systemError)") }
            let filler = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
            while write(descriptor, filler, filler.count) > 0 {}
        }

        deinit { close(descriptor) }

        /// Reads what there is.
        func read() -> String {
            var text = ""
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(descriptor, &bytes, bytes.count)
                guard count > 0 else { return text }
                text += String(decoding: bytes[..<count], as: UTF8.self).drop { $0 == "\n" }
            }
        }

        /// What makes a daemon write its log here.
        var launcher: [String] { ["/bin/sh", "-c", "exec \"$0\" \"$@\" 2>>'\(path)'"] }
    }

    @Test func aFullPipeStopsNeitherTheStartNorTheWindows() throws {
        try withScratch { scratch in
            let pipe = try FullPipe(in: scratch)
            let arguments = [
                "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)", "--window", "1s",
                "--worker", "3",
            ]
            let daemon = try Daemon(in: scratch, arguments: arguments, launcher: pipe.launcher)
            try withExtendedLifetime(daemon) {
                try eventually("it serves") { daemon.serves }
                // A short outage, of which it has much to say.
                let file = try StoreFile(scratch.store)
                try file.run("BEGIN EXCLUSIVE")
                try eventually("the window ends") { !daemon.serves }
                try file.run("ROLLBACK")
                try eventually("it serves again") { daemon.serves }
                // Past two windows, each of which somebody must extend.
                let limit = try file.worker(3).limit
                try eventually("the windows are extended", every: .milliseconds(20)) {
                    #expect(daemon.serves)
                    return try file.worker(3).limit > limit + 2000
                }
                // And it stops in order, although there is nobody to tell.
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
        }
    }

    @Test func whatWasDroppedIsCountedAndTold() throws {
        try withScratch { scratch in
            let pipe = try FullPipe(in: scratch)
            let admin = try freePorts(1)[0]
            // Each of them is a line.
            let workers = 1024
            let arguments = [
                "--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory", "--workers", "\(workers)",
                "--admin", "127.0.0.1:\(admin)",
            ]
            let daemon = try Daemon(in: scratch, arguments: arguments, launcher: pipe.launcher)
            try withExtendedLifetime(daemon) {
                // To claim so many takes a debug build a while.
                try eventually("it serves", within: .seconds(300), every: .milliseconds(20)) { daemon.serves }
                try eventually("the metric counts them") {
                    let metrics = try HTTPPeer.ask("GET", "/metrics", port: admin).body
                    guard
                        let line = metrics.split(separator: "\n").first(where: {
                            $0.hasPrefix("firn_log_lines_dropped_total ")
                        }), let count = line.split(separator: " ").last.flatMap({ Double($0) })
                    else { throw TestFailure("no such metric: \(metrics)") }
                    return count > 0
                }
                var log = ""
                try eventually("it says how many") {
                    log += pipe.read()
                    return log.contains("log lines were dropped, as they were not read lines=")
                }
                let held = log.components(separatedBy: "worker held").count - 1
                #expect(held > 500 && held < workers, "\(held) of the lines, and these were the first")
                // What comes now is written again.
                daemon.signal(SIGUSR1)
                try eventually("it goes on") {
                    log += pipe.read()
                    return log.contains("signal=SIGUSR1")
                }
            }
        }
    }

    /// The first lines of a message are written, and those that come after them are counted.
    @Test func theSameMessageAgainAndAgainIsLeftOut() throws {
        try withDaemon(["--store", "memory"]) { daemon in
            let words = "notice a signal was ignored"
            for count in 1...5 {
                daemon.signal(SIGUSR1)
                try eventually("it says so") { daemon.lines(with: words).count == count }
            }
            // All are taken: of those that wait the lowest number comes first.
            for number in [SIGUSR1, SIGUSR2, SIGTERM] { daemon.signal(number) }
            #expect(try daemon.waitForExit() == .exited(0))
            let lines = daemon.lines(with: words)
            #expect(lines.count == 6 && lines.last?.hasSuffix(" left_out=2") == true, "\(lines)")
        }
    }

    /// Else the next file that is opened would be where the log goes: the store, or a peer.
    @Test func aClosedStandardErrorIsNobodyElses() throws {
        try withScratch { scratch in
            let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            let launcher = ["/bin/sh", "-c", "exec \"$0\" \"$@\" 0<&- 1>&- 2>&-"]
            let daemon = try Daemon(in: scratch, arguments: arguments, launcher: launcher)
            try withExtendedLifetime(daemon) {
                try eventually("it serves") { daemon.serves }
                for descriptor in 0...2 {
                    let path = "/proc/\(daemon.pid)/fd/\(descriptor)"
                    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
                }
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
            }
        }
    }
}
