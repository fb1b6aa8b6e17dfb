import FirnTestSupport
import Foundation
import Testing

/// A library that changes the environment before the program begins, as monitoring agents do. Where the programs are linked
/// statically, as those that are shipped, Swift has no arguments then; see `ProgramArgumentsTests`.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/cc"), "cc is missing (package gcc)"))
struct PreloadTests {
    @Test func noWordIsLost() throws {
        try withScratch { scratch in
            let source = try scratch.write(
                "set.c",
                """
                #include <stdlib.h>
                __attribute__((constructor)) static void set(void) { setenv("PRELOADED", "1", 1); }
                """
            )
            let library = scratch.file("set.so")
            #expect(try Program.run(["/usr/bin/cc", "-shared", "-fPIC", "-o", library, source], in: scratch).code == 0)
            let environment = ["LD_PRELOAD": library]
            let version = try runToEnd(in: scratch, ["--version"], environment: environment)
            #expect(version.ending == .exited(0) && version.output.hasPrefix("0."))
            let store = try runToEnd(in: scratch, ["--store", "nonsense"], environment: environment)
            #expect(store.ending == .exited(78) && store.error.contains("'nonsense'"))
            let address = "unix:\(scratch.file("none.sock"))"
            let health = try Command.run(["health", "--address", address], environment: environment)
            #expect(health.exitCode == 69)
            #expect(try Command.run(["--version"], environment: environment).output == version.output)
        }
    }

    /// Without /proc no program finds its arguments: to go on with none would be to run with other settings than were given.
    @Test(.enabled(if: geteuid() == 0, "only root may mount"))
    func withoutAnyWordsBothProgramsRefuse() throws {
        try withScratch { scratch in
            for (name, words) in [("firnd", ["--store", "memory"]), ("firn", ["health"])] {
                let script = "mount -t tmpfs none /proc && exec \"$0\" \"$@\""
                let launcher = ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script]
                let (code, output) = try Program.run(launcher + [Command.product(name).path] + words, in: scratch)
                #expect(code == 70 && output.hasPrefix("\(name): the command line is lost"), "\(code): \(output)")
            }
        }
    }

    @Test func theCommandTellsItsVersion() throws {
        let command = try Command.run("--version")
        #expect(command.exitCode == 0 && command.errors.isEmpty)
        #expect(try withScratch { try runToEnd(in: $0, ["--version"]).output } == command.output)
    }
}
