import FirnLayout
import FirnWire
import Foundation

/// A client without manners: a blocking socket that sends what bytes it is told and reads frames when it is told.
///
/// Every wait ends after its timeout with an error. For one thread at a time.
final class Peer {
    enum Failure: Error, Equatable {
        case timedOut
        /// The daemon closed the connection where an answer was due.
        case ended
        /// The connection was reset, or what was sent to is gone.
        case broken(Int32)
        case unexpected(String)
    }

    let descriptor: Int32
    /// What has to live as long, such as a program at the other end.
    var companion: AnyObject?
    private let decoder = ResponseDecoder()
    private var input: [UInt8] = []
    private var used = 0
    private var lastCall: UInt64 = 0

    private init(connected descriptor: Int32, timeout: Duration) {
        self.descriptor = descriptor
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
    }

    /// Connects to a Unix socket.
    static func unix(_ path: String, timeout: Duration = .seconds(60)) throws -> Peer {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return try connect(AF_UNIX, &address, timeout: timeout)
    }

    /// Has a connected socket, and closes it.
    static func over(_ descriptor: Int32, timeout: Duration = .seconds(60)) -> Peer {
        Peer(connected: descriptor, timeout: timeout)
    }

    /// Connects to a port of this host.
    static func tcp(_ port: UInt16, timeout: Duration = .seconds(60)) throws -> Peer {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return try connect(AF_INET, &address, timeout: timeout)
    }

    private static func connect<Address>(_ family: Int32, _ address: inout Address, timeout: Duration) throws -> Peer {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(systemError)") }
        let peer = Peer(connected: descriptor, timeout: timeout)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard status == 0 else { throw Failure.broken(errno) }
        return peer
    }

    // MARK: - Sending

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw errno == EAGAIN ? Failure.timedOut : Failure.broken(errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends what the kernel takes at once.
    ///
    /// - Returns: how many bytes that was; 0 when it is full.
    func sendWithoutWaiting(_ bytes: [UInt8]) throws -> Int {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        guard count >= 0 || errno == EAGAIN else { throw Failure.broken(errno) }
        return max(0, count)
    }

    /// Sends a call.
    ///
    /// - Returns: its number.
    @discardableResult
    func ask(_ method: Request.Method, timeoutMilliseconds: UInt32 = 0) throws -> UInt64 {
        lastCall += 1
        try send(Self.frame(method, callID: lastCall, timeoutMilliseconds: timeoutMilliseconds))
        return lastCall
    }

    static func frame(_ method: Request.Method, callID: UInt64, timeoutMilliseconds: UInt32 = 0) -> [UInt8] {
        let buffer = FrameBuffer()
        buffer.appendRequest(Request(callID: callID, timeoutMilliseconds: timeoutMilliseconds, method: method))
        return buffer.withUnsafeBytes { [UInt8]($0) }
    }

    /// A frame of any bytes.
    static func frame(_ message: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt32(message.count).bigEndian) { [UInt8]($0) } + message
    }

    /// Shuts the sending side.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Makes the coming close a reset.
    func resetOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Bytes that were sent and that the daemon has not read; for a Unix socket, with the kernel's overhead.
    var unreadByDaemon: Int {
        var count: Int32 = 0
        _ = ioctl(descriptor, UInt(TIOCOUTQ), &count)
        return Int(count)
    }

    /// Waits until the daemon has read all that was sent: a Unix socket counts what its other end has not read.
    func waitUntilRead() throws {
        try eventually("the daemon reads what was sent") { unreadByDaemon == 0 }
    }

    // MARK: - Receiving

    /// Whether some of an answer, or the connection's end, has come. Does not wait.
    var hasBytes: Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return used < input.count || poll(&watched, 1, 0) == 1
    }

    /// The next answer, or `nil` at the end.
    func receive() throws -> Response? {
        while true {
            if let response = try bufferedResponse() { return response }
            guard try receiveMore() else { return nil }
        }
    }

    private func bufferedResponse() throws -> Response? {
        let bytes = input
        let rest = bytes.span.bytes.extracting(droppingFirst: used)
        switch Frame.read(rest, maximumLength: Frame.maximumResponseLength) {
        case .partial: return nil
        case .invalid(let length): throw Failure.unexpected("a frame of length \(length)")
        case .whole(let length):
            used += Frame.headerLength + length
            return try decoder.decode(rest.extracting(Frame.headerLength..<Frame.headerLength + length))
        }
    }

    /// - Returns: false at the end.
    private func receiveMore() throws -> Bool {
        input.removeFirst(used)
        used = 0
        let count = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { chunk in
            let count = recv(descriptor, chunk.baseAddress, chunk.count, 0)
            if count > 0 { input.append(contentsOf: chunk[..<count]) }
            return count
        }
        if count > 0 { return true }
        if count < 0 { throw errno == EAGAIN ? Failure.timedOut : Failure.broken(errno) }
        guard input.isEmpty else { throw Failure.unexpected("the connection ended within a frame") }
        return false
    }

    /// The next answer, which must be there.
    func answer() throws -> Response {
        guard let response = try receive() else { throw Failure.ended }
        return response
    }

    /// The next answer, which must be an error.
    func error() throws -> (callID: UInt64, status: Status) {
        let response = try answer()
        guard case .error(let status) = response.outcome else { throw Failure.unexpected("\(response)") }
        return (response.callID, status)
    }

    // MARK: - Calls

    func call(_ method: Request.Method, timeoutMilliseconds: UInt32 = 0) throws -> Response.Outcome {
        let callID = try ask(method, timeoutMilliseconds: timeoutMilliseconds)
        let response = try answer()
        guard response.callID == callID else { throw Failure.unexpected("\(response) to call \(callID)") }
        return response.outcome
    }

    func nextID() throws -> FirnID {
        switch try call(.nextID) {
        case .nextID(let id): return id
        case .error(let status): throw status
        case let outcome: throw Failure.unexpected("\(outcome)")
        }
    }

    func nextBatch(_ count: UInt32) throws -> [Run] {
        switch try call(.nextBatch(count: count)) {
        case .nextBatch(let runs): return runs
        case .error(let status): throw status
        case let outcome: throw Failure.unexpected("\(outcome)")
        }
    }

    func nextTickets(_ sequence: String, _ count: UInt32, timeoutMilliseconds: UInt32 = 0) throws -> [UInt64] {
        let method = Request.Method.nextTickets(sequence: Name(sequence)!, count: count)
        switch try call(method, timeoutMilliseconds: timeoutMilliseconds) {
        case .nextTickets(let runs): return runs.flatMap { $0.map(\.rawValue) }
        case .error(let status): throw status
        case let outcome: throw Failure.unexpected("\(outcome)")
        }
    }

    func describe() throws -> DaemonDescription {
        guard case .describe(let description) = try call(.describe) else { throw Failure.unexpected("no description") }
        return description
    }
}
