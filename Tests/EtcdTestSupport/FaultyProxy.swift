internal import Foundation
internal import Synchronization

/// A TCP proxy on loopback in front of a port, which does to the connections what networks do.
package final class FaultyProxy: Sendable {
    package enum Mode: Sendable {
        case forward
        /// What comes goes nowhere, either way.
        case swallow
        /// Requests get through; once an answer comes, it is dropped and the connection cut.
        case loseAnswers
        /// The same where what comes from the server is always an answer, and not HTTP/2.
        case loseAllAnswers
        /// What comes from the server takes so long.
        case slow(milliseconds: UInt32)
    }

    package let port: UInt16
    private let targetPort: UInt16
    private let listener: Int32
    private let mode = Mutex(Mode.forward)
    private let isOn = Atomic(true)
    private let accepted = Atomic(0)

    package init(to targetPort: UInt16) throws {
        self.targetPort = targetPort
        (listener, port) = try listeningSocket()
        Thread { [listener, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                // Processes that other tests start meanwhile have nothing to do with it.
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                guard client >= 0, let self, self.isOn.load(ordering: .acquiring) else {
                    Glibc.close(client)
                    Glibc.close(listener)
                    return
                }
                self.serve(client)
            }
        }.start()
    }

    /// Cuts what is open, and listens no more.
    package func close() {
        guard isOn.exchange(false, ordering: .acquiringAndReleasing) else { return }
        // Wakes the thread that accepts, which closes the socket.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    deinit { close() }

    /// From now on, for all connections.
    package func become(_ mode: Mode) {
        self.mode.withLock { $0 = mode }
    }

    /// How many connections there were.
    package var connections: Int { accepted.load(ordering: .relaxed) }

    private func serve(_ client: Int32) {
        accepted.wrappingAdd(1, ordering: .relaxed)
        guard let server = try? connectedSocket(port: targetPort) else {
            Glibc.close(client)
            return
        }
        // Or what comes in two parts waits 40 ms for the acknowledgement of the first.
        for end in [client, server] {
            var yes: Int32 = 1
            setsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        Thread { [weak self] in
            var ends = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            // In short turns, to notice the proxy's end.
            while self?.isOn.load(ordering: .relaxed) == true {
                guard poll(&ends, 2, 20) > 0 else { continue }
                guard let mode = self?.mode.withLock({ $0 }) else { break }
                guard Self.pass(ends[0], to: server, mode, isAnswer: false),
                    Self.pass(ends[1], to: client, mode, isAnswer: true)
                else { break }
            }
            Glibc.close(client)
            Glibc.close(server)
        }.start()
    }

    /// Whether HTTP/2 frames of an answer are among these bytes, which begin with a frame: what etcd says of the connection
    /// itself may come before the request has passed.
    private static func holdsAnswer(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while rest.count >= 9 {
            let header = Array(rest.prefix(9))
            // DATA and HEADERS.
            if header[3] <= 1 { return true }
            rest = rest.dropFirst(9 + (Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])))
        }
        return !rest.isEmpty
    }

    /// - Returns: false when the connection is to end.
    private static func pass(_ end: pollfd, to other: Int32, _ mode: Mode, isAnswer: Bool) -> Bool {
        guard end.revents != 0 else { return true }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(end.fd, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        switch (mode, isAnswer) {
        case (.swallow, _): return true
        case (.loseAllAnswers, true): return false
        case (.loseAnswers, true) where holdsAnswer(chunk[..<count]): return false
        case (.slow(let milliseconds), true):
            usleep(milliseconds * 1000)
            fallthrough
        default: return send(other, chunk, count, Int32(MSG_NOSIGNAL)) == count
        }
    }
}
