#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// A small text file, read as a whole.
package enum TextFile {
    /// Larger than any configuration; a device or a log given by mistake is refused and not read to its end.
    static let maximumLength = 64 * 1024

    /// - Parameters:
    ///   - what: the kind of file, for messages.
    ///   - isSecret: whether a file that other users may read or write is refused.
    package static func read(
        path: String,
        is what: String = "the configuration file",
        isSecret: Bool = false
    ) throws(ConfigurationError) -> String {
        // Without waiting for the writer of a pipe, which no secret is read from.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isSecret ? O_NONBLOCK : 0))
        guard descriptor >= 0 else {
            throw ConfigurationError(
                "\(what) \(path) cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
        if isSecret { try refuseIfExposed(descriptor, "\(what) \(path)") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                throw ConfigurationError(
                    "\(what) \(path) cannot be read: \(String(cString: strerror(errno)))"
                )
            }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= maximumLength else {
                throw ConfigurationError(
                    "\(what) \(path) is longer than \(maximumLength) bytes; is it the right one?"
                )
            }
        }
        // The byte order mark that some editors write before UTF-8 is not part of the text.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(what) \(path) is not UTF-8 text")
        }
        return text
    }

    /// Holds a secret's file to PostgreSQL's rule for private keys: of this user with a mode of 0600 or less, or of root
    /// with 0640 or less, as Kubernetes mounts a secret for a group.
    private static func refuseIfExposed(_ descriptor: CInt, _ name: String) throws(ConfigurationError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw ConfigurationError("\(name) cannot be examined: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ConfigurationError("\(name) is no regular file") }
        let user = geteuid()
        guard status.st_uid == user || status.st_uid == 0 else {
            throw ConfigurationError(
                "\(name) belongs to the user \(status.st_uid); give it to \(user), who runs this, or to root"
            )
        }
        let exposed: mode_t = status.st_uid == user ? 0o077 : 0o037
        guard status.st_mode & exposed == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw ConfigurationError(
                "\(name) has the mode 0\(mode), so other users may read or write it; "
                    + (status.st_uid == user ? "run chmod 600 on it" : "run chmod 640 or less on it")
            )
        }
    }

    /// The lines of a text. They end with LF, CR LF or CR; the last one may have no line end.
    ///
    /// Works on bytes: in Swift, CR LF is one Character, which equals neither CR nor LF.
    package static func lines(of text: some StringProtocol) -> [Substring] {
        var lines: [Substring] = []
        var rest = Substring(text).utf8
        while let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            lines.append(Substring(rest[..<end]))
            let isReturn = rest[end] == UInt8(ascii: "\r")
            rest = rest[rest.index(after: end)...]
            if isReturn, rest.first == UInt8(ascii: "\n") { rest = rest.dropFirst() }
        }
        if !rest.isEmpty { lines.append(Substring(rest)) }
        return lines
    }
}

extension Substring {
    /// The text without blanks and tabs at both ends.
    package func trimmingBlanks() -> Substring {
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var bytes = utf8.drop(while: isBlank)
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return Substring(bytes)
    }
}

extension String {
    package func trimmingBlanks() -> Substring { self[...].trimmingBlanks() }
}

/// The system call `read`, which the static function of the same name hides.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
