#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A store's file and the log beside it as they were at one moment, copied to a separate directory. In its place, a
/// file with a log cannot be read completely without writing beside it.
final class StoreSnapshot {
    let path: String
    private let directory: String

    private static let suffixes = ["", "-wal"]
    /// Far more than any Firn store needs.
    private static let maximumBytes = 256 << 20
    private static let maximumAttempts = 5

    /// Nil if no copy can be made, or if the files change during every attempt.
    init?(of original: String) {
        var name = Array("\(Self.temporaryDirectory)/firn-check-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { return nil }
        directory = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = directory + "/store.db"
        for attempt in 0..<Self.maximumAttempts {
            if attempt > 0 { SQLiteFiles.sleep(milliseconds: 20) }
            guard let before = Self.states(of: original) else { return nil }
            let isCopied = Self.suffixes.allSatisfy { Self.copy(original + $0, to: path + $0) }
            if isCopied, Self.states(of: original) == before { return }
        }
        return nil
    }

    deinit {
        for suffix in Self.suffixes + ["-shm"] { unlink(path + suffix) }
        rmdir(directory)
    }

    private static var temporaryDirectory: String {
        getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    }

    private struct FileState: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// The values that show whether a file was written to; nil if one is missing, or too large.
    private static func states(of path: String) -> [FileState]? {
        var states: [FileState] = []
        for suffix in suffixes {
            var status = stat()
            guard stat(path + suffix, &status) == 0, status.st_size <= maximumBytes else { return nil }
            #if canImport(Darwin)
                let changed = status.st_mtimespec
            #else
                let changed = status.st_mtim
            #endif
            states.append(
                FileState(
                    inode: UInt64(status.st_ino),
                    size: Int64(status.st_size),
                    seconds: Int(changed.tv_sec),
                    nanoseconds: Int(changed.tv_nsec)
                )
            )
        }
        return states
    }

    private static func copy(_ source: String, to target: String) -> Bool {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { return false }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { return false }
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(input, &buffer, buffer.count)
            guard count > 0 else { return count == 0 }
            guard write(output, buffer, count) == count else { return false }
        }
    }
}
