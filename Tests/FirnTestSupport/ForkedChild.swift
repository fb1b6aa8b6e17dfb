internal import Foundation

#if os(Linux)
    /// Whether a body is true in a child made by `fork`; nil when there was no child, or it ended in another way, or not
    /// within 20 s.
    ///
    /// The body runs where only the forking thread lives on: it must need no other, and no lock that one may have held.
    package func inForkedChild(_ body: () -> Bool) -> Bool? {
        // Swift does not offer `fork`, for what its body must not do; so it is found by name.
        guard let symbol = dlsym(nil, "fork") else { return nil }
        let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let child = fork()
        if child == 0 { _exit(body() ? 10 : 11) }
        guard child > 0 else { return nil }
        var status: CInt = 0
        let end = ContinuousClock.now + .seconds(60)
        while waitpid(child, &status, WNOHANG) != child {
            if ContinuousClock.now > end { kill(child, SIGKILL) }
            usleep(1000)
        }
        // Exited, and not by a signal.
        guard status & 0x7F == 0 else { return nil }
        switch status >> 8 {
        case 10: return true
        case 11: return false
        default: return nil
        }
    }
#endif
