/// An answer over HTTP/1.1 to a request that closes the connection: all that came until then.
struct HTTPAnswer: Equatable {
    struct Malformed: Error, Equatable {
        /// A part of a sentence that begins with "it".
        let message: String
    }

    /// More than the metrics of a daemon with a thousand shards.
    static let maximumLength = 16 * 1024 * 1024

    let status: Int
    let body: String

    /// - Throws: ``Malformed`` for what is no answer, or not a whole one.
    init(_ bytes: [UInt8]) throws(Malformed) {
        guard !bytes.isEmpty else { throw Malformed(message: "it closed the connection without an answer") }
        let end = Array("\r\n\r\n".utf8)
        guard let headEnd = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            throw Malformed(message: "it speaks no HTTP: give an address of its --admin")
        }
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        let words = head.first?.split(separator: " ") ?? []
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw Malformed(message: "it speaks no HTTP: give an address of its --admin")
        }
        let content = bytes[(headEnd + end.count)...]
        for field in head.dropFirst() {
            let parts = field.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            guard Int(parts[1].filter { $0 != " " }) == content.count else {
                throw Malformed(message: "its answer is not whole")
            }
        }
        self.status = status
        body = String(decoding: content, as: UTF8.self)
    }

    static func request(path: String, host: String, token: String?) -> String {
        let authorization = token.map { "authorization: Bearer \($0)\r\n" } ?? ""
        return "GET \(path) HTTP/1.1\r\nhost: \(host)\r\n\(authorization)connection: close\r\n\r\n"
    }
}
