import Foundation

/// A disk that stands still when it is told to: whoever syncs a file waits, as in a system call that hangs.
///
/// A library that is loaded before the others takes fdatasync() and fsync() from the C library.
struct StallableDisk {
    private let library: String
    private let marker: String

    private static let source = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        static void wait_for_the_disk(void) {
            const char *marker = getenv("FIRN_TEST_STALLS_WHILE");
            while (marker != NULL && access(marker, F_OK) == 0) usleep(1000);
        }

        int fdatasync(int descriptor) {
            wait_for_the_disk();
            return (int)syscall(SYS_fdatasync, descriptor);
        }

        int fsync(int descriptor) {
            wait_for_the_disk();
            return (int)syscall(SYS_fsync, descriptor);
        }

        """

    init(in scratch: Scratch) throws {
        library = scratch.file("stall.so")
        marker = scratch.file("stalled")
        let source = try scratch.write("stall.c", Self.source)
        let compiled = try Program.run(["/usr/bin/cc", "-shared", "-fPIC", "-O1", "-o", library, source], in: scratch)
        guard compiled.code == 0 else { throw TestFailure("cc: \(compiled.output)") }
    }

    /// What a daemon is to be started with.
    var environment: [String: String] { ["LD_PRELOAD": library, "FIRN_TEST_STALLS_WHILE": marker] }

    func stall() throws {
        try Data().write(to: URL(fileURLWithPath: marker))
    }

    func goOn() throws {
        try FileManager.default.removeItem(atPath: marker)
    }
}
