#if os(Linux)
    internal import CLinux
    internal import FirnClient
    internal import FirnWire
    internal import Synchronization

    #if canImport(Musl)
        internal import Musl
    #else
        internal import Glibc
    #endif

    extension LeasedProcess {
        func hold(_ state: State) -> LeaseCall.Hold {
            LeaseCall.Hold(state.keeper.lease, unansweredTokens: state.unanswered)
        }

        /// Each extension has a token of its own; those without an answer are listed in the next.
        func extend(_ state: inout State) {
            let token = UInt64.random(in: 1...(.max))
            let call = LeaseCall.extend(hold(state), token: token, limitTick: state.keeper.nextLimitTick(at: .now))
            state.unanswered = Array((state.unanswered + [token]).suffix(LeaseCall.Hold.maximumTokens))
            // Two extensions may fail before the window ends.
            let timeout = Duration.nanoseconds(min(5_000_000_000, state.keeper.window / 6))
            Task {
                let result: Answer
                do throws(FirnClientError) {
                    let outcome = try await self.client.perform(.lease(call), timeout: timeout)
                    guard case .leaseExtended(let lease, let limit) = outcome else {
                        throw LeaseCommand.uncheckedAnswer
                    }
                    result = .success((lease, limit))
                } catch {
                    result = .failure(error)
                }
                self.answer.withLock { $0 = result }
                firn_wake_watcher()
            }
        }

        func take(_ state: inout State) {
            let taken = answer.withLock { answer in
                defer { answer = nil }
                return answer
            }
            switch taken {
            case nil: return
            case .success(let extended):
                state.unanswered = []
                state.lastError = nil
                state.keeper.extended(extended.lease, at: .now)
                tell(&state, extended.limitUnixMilliseconds)
            case .failure(let error) where error.code == .aborted:
                state.isLost = true
                file?.end()
                // What was ended before has its reason.
                state.failure = state.failure ?? (state.status == nil ? error.message : nil)
                state.keeper.lost(at: .now)
                send(SIGTERM, state)
            case .failure(let error):
                let now = LeaseInstant.now
                if state.lastError == nil {
                    let seconds = max(0, state.keeper.left(at: now)) / 1_000_000_000
                    StandardError.write(
                        line: "firn: the lease cannot be extended now (\(error.message)): it lasts for \(seconds) s"
                    )
                }
                state.lastError = error
                state.keeper.failed(at: now)
            }
        }

        /// Writes the limit to the lease's file. When it cannot be written, the program stops at the limit that it knows.
        func tell(_ state: inout State, _ limitUnixMilliseconds: UInt64? = nil) {
            guard let file, !state.isLost else { return }
            do throws(OutputError) {
                try file.write(
                    limitOf: state.keeper.lease,
                    limitUnixMilliseconds: limitUnixMilliseconds ?? grant.limitUnixMilliseconds
                )
            } catch {
                let reason = String(cString: strerror(error.systemError))
                StandardError.write(line: "firn: the lease file \(file.path) cannot be written (\(reason))")
            }
        }
    }
#endif
