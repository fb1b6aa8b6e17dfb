internal import Foundation

/// As much of HTTP as etcd's probes and its JSON gateway need.
enum LoopbackHTTP {
    static func get(port: UInt16, path: String) throws -> String {
        try exchange(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").body
    }

    /// Throws what any status but 200 says.
    static func post(port: UInt16, path: String, body: String, token: String?) throws -> String {
        let answer = try exchange(
            port,
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + (token.map { "Authorization: \($0)\r\n" } ?? "") + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        guard answer.status == 200 else { throw EtcdTestFailure("\(path): \(answer.status) \(answer.body)") }
        return answer.body
    }

    private static func exchange(_ port: UInt16, _ request: String) throws -> (status: Int, body: String) {
        let descriptor = try connectedSocket(port: port)
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(request.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw EtcdTestFailure("send: \(String(cString: strerror(errno)))")
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let words = text.split(separator: " ", maxSplits: 2)
        guard parts.count == 2, words.count == 3, let status = Int(words[1]) else {
            throw EtcdTestFailure("no HTTP answer: \(text)")
        }
        return (status, String(parts[1]))
    }
}

/// A socket connected to a port of 127.0.0.1, for blocking use.
package func connectedSocket(port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    guard descriptor >= 0, withSocketAddress(&address, { connect(descriptor, $0, $1) }) == 0 else {
        let reason = String(cString: strerror(errno))
        close(descriptor)
        throw EtcdTestFailure("connect to 127.0.0.1:\(port): \(reason)")
    }
    return descriptor
}

/// A socket that listens on a free port of 127.0.0.1.
package func listeningSocket() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard descriptor >= 0, withSocketAddress(&address, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 16) == 0,
        withUnsafeMutablePointer(
            to: &address,
            { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) } }
        ) == 0
    else { throw EtcdTestFailure("listen: \(String(cString: strerror(errno)))") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Ports that were free a moment ago: all held at once, so that they differ.
package func freePorts(_ count: Int) throws -> [UInt16] {
    let sockets = try (0..<count).map { _ in try listeningSocket() }
    for socket in sockets { close(socket.descriptor) }
    return sockets.map(\.port)
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

private func withSocketAddress(
    _ address: inout sockaddr_in,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
