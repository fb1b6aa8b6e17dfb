internal import FirnPlaces
internal import Glibc

/// A small file of text, read whole.
enum TextFile {
    /// More than any configuration; a device or a log given by mistake is refused, not read to its end.
    static let maximumLength = 64 * 1024

    static func read(path: String) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError(
                "the configuration file \(path) cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else {
                throw ConfigurationError(
                    "the configuration file \(path) cannot be read: \(String(cString: strerror(errno)))"
                )
            }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= maximumLength else {
                throw ConfigurationError(
                    "the configuration file \(path) is longer than \(maximumLength) bytes; is it the right one?"
                )
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("the configuration file \(path) is not UTF-8 text")
        }
        return text
    }
}
