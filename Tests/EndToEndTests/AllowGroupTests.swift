import FirnTestSupport
import Foundation
import Testing

/// `--allow-gid` with the groups that a user is put in besides its own. To have others, one has to be root.
@Suite(
    .enabled(
        if: geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv"),
        "only root can give a process other groups (setpriv, package util-linux)"
    )
)
struct AllowGroupTests {
    @Test func aMemberIsLetInByAnyOfItsGroups() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--allow-gid", "54321"]) { daemon in
                func next(_ groups: String) throws -> (code: Int32, output: String) {
                    let command = [Command.product("firn").path, "next", "--address", "unix:\(daemon.socketPath)"]
                    return try Program.run(
                        ["/usr/bin/setpriv"] + groups.split(separator: " ").map(String.init) + command,
                        in: scratch
                    )
                }
                #expect(try next("--groups 1,54321").code == 0)
                #expect(try next("--regid 54321 --clear-groups").code == 0)
                let stranger = try next("--groups 1,2")
                #expect(stranger.code == 70 && stranger.output.contains("--allow-gid"), "\(stranger)")
                // More than fit in the first look.
                let many = (60_000..<60_100).map(String.init).joined(separator: ",")
                #expect(try next("--groups \(many),54321").code == 0)
            }
        }
    }
}
