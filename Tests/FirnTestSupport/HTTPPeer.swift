package import Foundation

/// A client of HTTP without manners: a blocking socket that sends what bytes it is told and reads answers when it is told.
///
/// Every wait ends after its timeout with an error. For one thread at a time.
package final class HTTPPeer {
    package enum Failure: Error, Equatable {
        case timedOut
        /// The connection was closed or reset where an answer was due.
        case ended
        case unexpected(String)
    }

    package struct Answer {
        package let status: Int
        /// Names are in lower case.
        package let fields: [String: String]
        package let bytes: [UInt8]

        package init(status: Int, fields: [String: String], bytes: [UInt8]) {
            self.status = status
            self.fields = fields
            self.bytes = bytes
        }

        package var body: String { String(decoding: bytes, as: UTF8.self) }

        /// The body's members, where it is a JSON object.
        package var json: [String: Any] {
            ((try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]) ?? [:]
        }
    }

    private let descriptor: Int32
    private var input: [UInt8] = []

    /// Connects to a port of this host.
    package init(port: UInt16, timeout: TimeInterval = 60) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: Int(timeout), tv_usec: Int(timeout * 1e6) % 1_000_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.unexpected("connect: \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// One request on a connection of its own.
    package static func ask(_ method: String, _ target: String, port: UInt16) throws -> Answer {
        let peer = try HTTPPeer(port: port)
        return try peer.ask(method, target)
    }

    package func ask(_ method: String, _ target: String, fields: [String] = []) throws -> Answer {
        try send(Self.request(method, target, fields: fields))
        return try answer(hasBody: method != "HEAD")
    }

    package static func request(_ method: String, _ target: String, fields: [String] = []) -> String {
        "\(method) \(target) HTTP/1.1\r\n"
            + ((fields.contains { $0.hasPrefix("Host:") } ? [] : ["Host: localhost"]) + fields).joined(
                separator: "\r\n"
            ) + "\r\n\r\n"
    }

    // MARK: - Sending

    package func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    /// - Throws: also when the peer has closed.
    package func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw errno == EAGAIN ? Failure.timedOut : Failure.ended }
            rest = rest.dropFirst(count)
        }
    }

    /// Shuts the sending side.
    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: - Receiving

    /// The next answer.
    package func answer(hasBody: Bool = true) throws -> Answer {
        let head = try text(to: "\r\n\r\n").components(separatedBy: "\r\n")
        let words = head[0].split(separator: " ", maxSplits: 2)
        guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure.unexpected(head[0])
        }
        var fields: [String: String] = [:]
        for line in head.dropFirst() where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.unexpected(line) }
            let name = line[..<colon].lowercased()
            guard fields[name] == nil else { throw Failure.unexpected("two fields \(name)") }
            fields[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard hasBody, status >= 200, status != 204, status != 304 else {
            return Answer(status: status, fields: fields, bytes: [])
        }
        var body: [UInt8] = []
        if let length = fields["content-length"].flatMap({ Int($0) }) {
            body = try bytes(length)
        } else if fields["transfer-encoding"] == "chunked" {
            while true {
                guard let length = Int(try text(to: "\r\n"), radix: 16) else { throw Failure.unexpected("no chunk") }
                body += try bytes(length)
                guard try bytes(2) == Array("\r\n".utf8) else { throw Failure.unexpected("a chunk without an end") }
                if length == 0 { break }
            }
        } else {
            while try receiveMore() {}
            swap(&body, &input)
        }
        return Answer(status: status, fields: fields, bytes: body)
    }

    /// Waits for the first bytes of an answer, and reads no more than there are.
    package func waitForBytes() throws {
        guard try !input.isEmpty || receiveMore() else { throw Failure.ended }
    }

    /// Whether some of an answer, or the connection's end, has come. Does not wait.
    package var hasBytes: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !input.isEmpty || poll(&watched, 1, 0) == 1
    }

    /// Whether the daemon has closed the connection, and said nothing more. Waits for it.
    package func isClosed() throws -> Bool {
        guard input.isEmpty else { return false }
        return try !receiveMore()
    }

    private func text(to end: String) throws -> String {
        let end = Array(end.utf8)
        var from = 0
        while true {
            if let place = input[min(from, input.count)...].firstRange(of: end) {
                let text = String(decoding: input[..<place.lowerBound], as: UTF8.self)
                input.removeFirst(place.upperBound)
                return text
            }
            from = max(0, input.count - end.count)
            guard try receiveMore() else { throw Failure.ended }
        }
    }

    private func bytes(_ count: Int) throws -> [UInt8] {
        while input.count < count { guard try receiveMore() else { throw Failure.ended } }
        defer { input.removeFirst(count) }
        return Array(input[..<count])
    }

    /// - Returns: false at the end, which may be a reset.
    private func receiveMore() throws -> Bool {
        let count = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { chunk in
            let count = recv(descriptor, chunk.baseAddress, chunk.count, 0)
            if count > 0 { input.append(contentsOf: chunk[..<count]) }
            return count
        }
        if count > 0 { return true }
        if count < 0, errno == EAGAIN { throw Failure.timedOut }
        return false
    }
}
