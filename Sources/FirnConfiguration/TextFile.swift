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

    /// - Parameter what: the kind of file, for messages.
    package static func read(
        path: String,
        is what: String = "the configuration file"
    ) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                "\(what) \(path) cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
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
