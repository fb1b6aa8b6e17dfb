import Glibc

// The order in dictionaries is the same in each run only without random seeds, which are set when the process starts.
if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    setenv("SWIFT_BACKTRACE", "enable=no", 0)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    fatalError("the program could not start itself again: \(String(cString: strerror(errno)))")
}
exit(Program(Array(CommandLine.arguments.dropFirst())).run())
