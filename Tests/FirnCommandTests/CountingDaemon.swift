import FirnLayout
import FirnWire
import Foundation
import Synchronization

/// A daemon of a few blocking threads that gives out 1, 2, 3, …, or refuses every call, or every call but Describe.
final class CountingDaemon: Sendable {
    let address: String
    private let path: String
    private let listener: Int32
    private let status: Status?
    private let describes: Bool
    private let answers: Bool
    private let lastID = Mutex<UInt64>(0)

    init(refusing status: Status? = nil, describes: Bool = false, answers: Bool = true) throws {
        path = "/tmp/firn-test-\(UUID().uuidString.prefix(13)).sock"
        address = "unix:\(path)"
        self.status = status
        self.describes = describes
        self.answers = answers
        #if canImport(Glibc)
            listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            listener = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread { [self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unlink(path)
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        let decoder = RequestDecoder()
        var unread: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = read(connection, &piece, piece.count), count > 0 {
            unread += piece[..<count]
            while case .whole(let length) = Frame.read(unread.span.bytes, maximumLength: Frame.maximumRequestLength) {
                let end = Frame.headerLength + length
                guard let request = try? decoder.decode(unread.span.bytes.extracting(Frame.headerLength..<end)) else {
                    return
                }
                unread.removeFirst(end)
                guard answers else { continue }
                let output = FrameBuffer()
                answer(request, output: output)
                let sent = output.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Self.noSignal) }
                guard sent == output.count else { return }
            }
        }
    }

    private func answer(_ request: Request, output: FrameBuffer) {
        let isRefused = !describes || request.method != .describe
        if let status, isRefused { return output.appendError(callID: request.callID, status) }
        switch request.method {
        case .nextID:
            output.appendNextID(callID: request.callID, id: take(1))
        case .nextBatch(let count):
            output.appendNextBatch(callID: request.callID, runs: [Run(first: take(count), count: count, stride: 1)])
        default:
            output.appendDescription(
                callID: request.callID,
                DaemonDescription(
                    version: "1 \"odd\"\\\u{1}",
                    layout: .snowflake,
                    workers: [3, 4],
                    maximumBatch: 65_536
                )
            )
        }
    }

    /// How many IDs it has given out.
    var taken: UInt64 { lastID.withLock { $0 } }

    private func take(_ count: UInt32) -> FirnID {
        lastID.withLock { last in
            defer { last += UInt64(count) }
            return FirnID(rawValue: last + 1)
        }
    }

    #if canImport(Darwin)
        private static let noSignal: Int32 = 0
    #else
        private static let noSignal = Int32(MSG_NOSIGNAL)
    #endif
}
