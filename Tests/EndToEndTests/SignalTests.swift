import FirnLayout
import FirnWire
import Foundation
import Testing

/// What each signal does, at any moment.
@Suite struct SignalTests {
    private static let harmless = [(SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1"), (SIGUSR2, "SIGUSR2")]

    @Test func whatOthersReopenTheirLogByIsIgnoredAndSaid() throws {
        try withDaemon { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            _ = try peer.nextID()
            for (number, name) in Self.harmless.dropFirst() {
                daemon.signal(number)
                try eventually("it says so") { !daemon.lines(with: "notice a signal was ignored").isEmpty }
                try eventually("and which") { daemon.log.contains("signal=\(name)") }
                _ = try peer.nextID()
            }
            daemon.signal(SIGTERM)
            #expect(try daemon.waitForExit() == .exited(0))
        }
    }

    /// From the first line of its program on.
    @Test func theyDoNotEndAStartEither() throws {
        try withScratch { scratch in
            for _ in 0..<5 {
                let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
                let daemon = try Daemon(in: scratch, arguments: arguments)
                try withExtendedLifetime(daemon) {
                    try eventually("its main has begun", every: .microseconds(100)) { try daemon.minds(SIGHUP) }
                    while daemon.lines(with: " info serving ").isEmpty {
                        for (number, _) in Self.harmless { daemon.signal(number) }
                        if let ending = daemon.reap() { throw TestFailure("it ended with \(ending): \(daemon.log)") }
                    }
                    _ = try Peer.unix(daemon.socketPath).nextID()
                    daemon.signal(SIGTERM)
                    #expect(try daemon.waitForExit() == .exited(0))
                }
            }
        }
    }

    /// A Ctrl-C at the terminal of a script is not for what the script started by `&`.
    @Test func whatTheParentIgnoresStaysIgnored() throws {
        try withScratch { scratch in
            let daemon = try Daemon(
                in: scratch,
                arguments: ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "memory"],
                launcher: ["/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
            )
            try withExtendedLifetime(daemon) {
                try daemon.waitUntilServing()
                daemon.signal(SIGINT)
                // Taken after the other, had it been taken: signals of lower numbers come first.
                daemon.signal(SIGUSR1)
                try daemon.waitUntilItSays("signal=SIGUSR1")
                _ = try Peer.unix(daemon.socketPath).nextID()
                daemon.signal(SIGTERM)
                #expect(try daemon.waitForExit() == .exited(0))
                #expect(daemon.log.contains("reason=SIGTERM"), "\(daemon.log)")
            }
        }
    }

    /// As coreutils' `timeout` sends it: to its child, and to the group that the child is in.
    @Test func twoAtTheSameTimeAreOneRequest() throws {
        try withDaemon { daemon in
            _ = try Peer.unix(daemon.socketPath).nextID()
            // Two numbers, as of one the second is not even delivered while the first waits to be taken.
            daemon.signal(SIGTERM)
            daemon.signal(SIGINT)
            #expect(try daemon.waitForExit() == .exited(0))
            #expect(!daemon.lines(with: "worker given back").isEmpty)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT]) func theSecondOneEndsItAtOnceAndSaysWhatIsLost(_ number: Int32) throws
    {
        try withScratch { scratch in
            let arguments = ["--worker", "7", "--layout", "sonyflake", "--drain-timeout", "60s"]
            try withDaemon(in: scratch, arguments) { daemon in
                // 2.5 s worth of IDs: in flight for as long as the test takes.
                let peer = try Peer.unix(daemon.socketPath)
                try peer.ask(.nextBatch(count: 65_536))
                _ = try Peer.unix(daemon.socketPath).describe()
                daemon.signal(number)
                try eventually("it drains") { !daemon.lines(with: " info stopping ").isEmpty }
                #expect(try daemon.endAtOnce(number) == .killed(signal: number))
                let words = try #require(daemon.lines(with: "told to stop a second time").first)
                #expect(words.contains("worker 7 stays taken until"), "\(words)")
                #expect(daemon.lines(with: "worker given back").isEmpty)
            }
        }
    }

    /// The service manager's and the operator's may come at once.
    @Test func aStartThatIsToldToStopEndsInOrder() throws {
        try withScratch { scratch in
            let disk = try StallableDisk(in: scratch)
            try disk.stall()
            let arguments = ["--listen", "unix:\(scratch.file("firn.sock"))", "--store", "sqlite:\(scratch.store)"]
            for seconds in 1...2 {
                let daemon = try Daemon(in: scratch, arguments: arguments, environment: disk.environment)
                try withExtendedLifetime(daemon) {
                    try eventually("it hangs, and says so; \(daemon.log)") {
                        !daemon.lines(with: "a thread waits for the store").isEmpty
                    }
                    daemon.signal(SIGTERM)
                    try eventually("it has heard") { !daemon.lines(with: "told to stop while starting").isEmpty }
                    if seconds == 1 {
                        #expect(try daemon.endAtOnce(SIGTERM) == .killed(signal: SIGTERM))
                    } else {
                        try disk.goOn()
                        #expect(try daemon.waitForExit() == .exited(0))
                        #expect(!daemon.lines(with: "worker given back").isEmpty)
                    }
                }
            }
        }
    }
}

extension Daemon {
    /// Signals until it ends: those right after the first count as the first.
    fileprivate func endAtOnce(_ number: Int32) throws -> Ending {
        var ending: Ending?
        try eventually("it ends") {
            signal(number)
            ending = reap()
            return ending != nil
        }
        return try #require(ending)
    }

    /// Whether it blocks or ignores a signal.
    fileprivate func minds(_ number: Int32) throws -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return false }
        return text.split(separator: "\n").contains { line in
            guard line.hasPrefix("SigBlk:") || line.hasPrefix("SigIgn:") else { return false }
            let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
            return mask & (1 << UInt64(number - 1)) != 0
        }
    }
}
