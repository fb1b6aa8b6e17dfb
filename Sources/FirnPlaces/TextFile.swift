#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// A small file of text, read whole.
package enum TextFile {
    /// More than any configuration; a device or a log given by mistake is refused, not read to its end.
    static let maximumLength = 64 * 1024

    /// - Parameter what: what the file is, for messages.
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
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(what) \(path) is not UTF-8 text")
        }
        return text
    }
}

/// `read`, out of reach of the function above that has its name.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
