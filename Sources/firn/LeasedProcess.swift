#if os(Linux)
    internal import ArgumentParser
    internal import CLinux
    internal import FirnClient
    internal import FirnLayout
    internal import FirnWire
    internal import Synchronization

    #if canImport(Musl)
        @preconcurrency internal import Musl
    #else
        @preconcurrency internal import Glibc
    #endif

    /// A program with a lease: runs it, keeps its lease, and ends it when that cannot be kept.
    ///
    /// All of it is one loop on one thread, which waits for signals, the daemon's answers and the time. The thread also
    /// starts the program: its parent is that thread, whose end the kernel tells it.
    final class LeasedProcess: Sendable {
        /// What the loop is called back with.
        typealias Answer = Result<(lease: Lease, limitUnixMilliseconds: UInt64), FirnClientError>

        let client: FirnClient
        private let command: String
        let file: LeaseFile?
        let grant: LeaseGrant
        private let received: LeaseInstant
        let answer = Mutex<Answer?>(nil)

        /// - Parameter received: not later than the daemon's answer.
        init(client: FirnClient, command: String, file: LeaseFile?, grant: LeaseGrant, received: LeaseInstant) {
            self.client = client
            self.command = command
            self.file = file
            self.grant = grant
            self.received = received
        }

        /// How it ended, and what is left of the lease.
        struct End {
            /// That of the program, or of the failure.
            let exitCode: CInt
            /// To be given back; nil when it is lost or over.
            let rest: (hold: LeaseCall.Hold, firstUnusedTick: UInt64)?
        }

        /// Runs the program to its end.
        func run() async -> End {
            await withCheckedContinuation { continuation in
                OwnThread.start { continuation.resume(returning: self.loop()) }
            }
        }

        // MARK: - The loop

        /// What the loop knows.
        struct State {
            var keeper: LeaseKeeper
            var child: pid_t?
            /// waitpid(2)'s status of the program.
            var status: CInt?
            /// Signals that came before the program ran.
            var ending: CInt?
            /// Of extensions that had no answer.
            var unanswered: [UInt64] = []
            /// Why the program had to end.
            var failure: String?
            var hasSaidThatItWaits = false
            var lastError: FirnClientError?
            var isLost = false
            /// Those that had SIGTERM because the program has ended and they have not.
            var orphans: Set<pid_t> = []
        }

        private func loop() -> End {
            let signals = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]
            let pipe = firn_watch_signals(signals, CInt(signals.count))
            guard pipe >= 0 else { return failed("signals cannot be handled (\(String(cString: strerror(errno))))") }
            var state = State(keeper: LeaseKeeper(grant, at: received))
            tell(&state)
            while true {
                drain(pipe, &state)
                take(&state)
                if state.child == nil, state.failure == nil, state.ending == nil,
                    state.keeper.untilFirstTick(at: .now) == 0
                {
                    state.child = start()
                    guard state.child != nil else {
                        return failed("no process can be started (\(String(cString: strerror(errno))))")
                    }
                }
                if hasEnded(&state) { return end(state) }
                sayThatItWaits(&state)
                while let action = state.keeper.next(at: .now) {
                    perform(action, &state)
                    if action == .kill { break }
                }
                var poller = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
                poll(&poller, 1, wait(state))
            }
        }

        /// Milliseconds, rounded up.
        private func wait(_ state: State) -> CInt {
            let now = LeaseInstant.now
            var wait = state.keeper.wait(at: now)
            if state.child == nil { wait = min(wait, state.keeper.untilFirstTick(at: now)) }
            // A second at most, because the wall clock may be set. A process that was killed takes a moment to end.
            return CInt(max(state.keeper.isStopping ? 50 : 1, min(1000, (wait + 999_999) / 1_000_000)))
        }

        /// Says, after a second, why the program does not run yet.
        private func sayThatItWaits(_ state: inout State) {
            let now = LeaseInstant.now
            guard state.child == nil, state.failure == nil, !state.hasSaidThatItWaits,
                now.boot - received.boot >= 1_000_000_000
            else { return }
            state.hasSaidThatItWaits = true
            let milliseconds = state.keeper.untilFirstTick(at: now) / 1_000_000
            StandardError.write(
                line:
                    "firn: the command waits \(milliseconds) ms more for FIRN_FIRST_TICK, which the lease begins with: this "
                    + "host's clock is behind the daemon's, or the worker was used up to then"
            )
        }

        private func perform(_ action: LeaseKeeper.Action, _ state: inout State) {
            switch action {
            case .extend: extend(&state)
            case .terminate:
                state.failure = notExtended(state)
                send(SIGTERM, state)
            case .kill:
                if state.failure == nil, state.status == nil { state.failure = notExtended(state) }
                send(SIGKILL, state)
                for orphan in Self.children() { kill(orphan, SIGKILL) }
            }
        }

        func send(_ signal: CInt, _ state: State) {
            // A process ID is the program's until it was waited for.
            if let child = state.child, state.status == nil { kill(child, signal) }
        }

        private func notExtended(_ state: State) -> String {
            guard state.keeper.lease.limitTick <= grant.layout.maximumTick else {
                return "the time of the layout \(grant.layout.name) ends: no lease is longer than that"
            }
            return "the lease of worker \(state.keeper.lease.worker) was not extended in time"
                + (state.lastError.map { " (\($0.message))" } ?? "; this process was stopped, or the clock was set")
        }

        // MARK: - The program

        private func start() -> pid_t? {
            var own = LeaseVariables(worker: grant).environment
            if let file { own.append(("FIRN_LEASE_FILE", file.path)) }
            var entries: [UnsafeMutablePointer<CChar>?] = []
            var made: [UnsafeMutablePointer<CChar>?] = []
            defer { for entry in made { free(entry) } }
            // Null if the environment was cleared.
            let inherited: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
            var index = 0
            while let entry = inherited?[index] {
                index += 1
                let name = String(cString: entry).prefix { $0 != "=" }
                if !LeaseVariables.names.contains(String(name)) { entries.append(entry) }
            }
            for (name, value) in own { made.append(strdup("\(name)=\(value)")) }
            entries += made
            entries.append(nil)
            let child = firn_start_shell(command, entries)
            return child > 0 ? child : nil
        }

        /// Whether the program and all that it left behind have ended. What it left behind is ended too, because it may go on
        /// using the worker.
        private func hasEnded(_ state: inout State) -> Bool {
            guard let child = state.child else { return state.failure != nil || state.ending != nil }
            while true {
                var status: CInt = 0
                let ended = waitpid(-1, &status, WNOHANG)
                if ended == child { state.status = status }
                if ended > 0 {
                    state.orphans.remove(ended)
                    continue
                }
                if ended < 0, errno == EINTR { continue }
                if ended < 0, errno == ECHILD { return true }
                break
            }
            guard state.status != nil else { return false }
            if !state.keeper.isStopping { state.keeper.stop(at: .now) }
            for orphan in Self.children() where state.orphans.insert(orphan).inserted { kill(orphan, SIGTERM) }
            return false
        }

        private static func children() -> [pid_t] {
            var children = [pid_t](repeating: 0, count: 256)
            let count = firn_children(&children, CInt(children.count))
            return Array(children.prefix(Int(max(0, count))))
        }

        private func end(_ state: State) -> End {
            file?.end()
            if let failure = state.failure {
                StandardError.write(line: "firn: \(failure): the command was ended")
            }
            let isOver = state.isLost || state.keeper.left(at: .now) <= 0
            var code = ExitCode.temporaryFailure.rawValue
            if state.failure == nil {
                if let status = state.status {
                    let signal = status & 0x7F
                    code = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
                } else {
                    code = 128 + (state.ending ?? SIGTERM)
                }
            }
            return End(
                exitCode: code,
                rest: isOver ? nil : (hold(state), state.keeper.firstUnusedTick(at: .now))
            )
        }

        private func failed(_ message: String) -> End {
            file?.end()
            StandardError.write(line: "firn: \(message): the command was not run")
            return End(exitCode: ExitCode.software.rawValue, rest: (LeaseCall.Hold(grant.lease), 0))
        }

        // MARK: - Signals

        /// Passes on what came. The terminal sends its signals to the whole process group, with the program unless it has left
        /// that.
        private func drain(_ pipe: CInt, _ state: inout State) {
            var bytes = [UInt8](repeating: 0, count: 256)
            while true {
                let count = read(pipe, &bytes, bytes.count)
                guard count > 0 else { return }
                for byte in bytes.prefix(count) {
                    let signal = CInt(byte & 0x7F)
                    guard signal != 0, signal != SIGCHLD else { continue }
                    guard let child = state.child else {
                        state.ending = signal
                        continue
                    }
                    if byte & 0x80 != 0, getpgid(child) == getpgrp() { continue }
                    send(signal, state)
                }
            }
        }
    }
#endif
