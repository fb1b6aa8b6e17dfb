internal import FirnLayout
internal import FirnWire
internal import NIOCore

/// A `StreamIDs`: takes a chunk from the mint, sends it, and takes the next one once the peer reads. So a peer that stops
/// reading has at most ``GRPCLimits/maximumUnsentStreamBytes`` and one message of IDs that were minted and not sent.
final class IDStream: MessageSource {
    private unowned let call: GRPCCall
    private let chunk: UInt32
    /// IDs that are still to be sent; `nil`: without end.
    private var remaining: UInt64?
    private var isWaiting = false
    private var isEnded = false

    /// Messages of one turn, after which other connections have theirs.
    private static let maximumMessagesPerTurn = 32

    init(_ request: ByteBuffer, of call: GRPCCall, maximumChunk: UInt32) throws(Status) {
        var (chunk, limit): (UInt64, UInt64) = (0, 0)
        do {
            var reader = ProtobufReader(request.readableBytesView)
            while let field = try reader.next() {
                guard case .number(let number) = field.value else { continue }
                if field.number == 1 { chunk = number }
                if field.number == 2 { limit = number }
            }
        } catch {
            throw Status(
                .invalidArgument,
                "the message is not a firn.v1.StreamIDsRequest; generate the client's code from id_service.proto"
            )
        }
        guard (1...UInt64(maximumChunk)).contains(chunk) else {
            throw Status(.invalidArgument, "chunks of \(chunk) IDs were asked for; ask for 1 to \(maximumChunk)")
        }
        self.call = call
        self.chunk = UInt32(chunk)
        remaining = limit == 0 ? nil : limit
    }

    func pump() {
        var messages = 0
        while !isWaiting, !isEnded {
            guard remaining != 0 else { return call.finish() }
            guard call.connection.takesMessages(of: call) else { return }
            guard messages < Self.maximumMessagesPerTurn else { return call.connection.pumpLater(call) }
            messages += 1
            take()
        }
    }

    func callEnded() {
        isEnded = true
    }

    private func take() {
        let count = UInt32(min(UInt64(chunk), remaining ?? .max))
        let outcome = call.submit(.nextBatch(count: count), timeoutMilliseconds: 0) { [weak self] outcome in
            guard let self, !isEnded else { return }
            isWaiting = false
            send(outcome, count)
            call.connection.loop.needsFlush(call.connection)
            // Not from here: the mint's turn is not over.
            if !isEnded { call.connection.pumpLater(call) }
        }
        if let outcome { send(outcome, count) } else { isWaiting = true }
    }

    private func send(_ outcome: Response.Outcome, _ count: UInt32) {
        if case .error(let status) = outcome { return call.fail(status) }
        remaining? -= UInt64(count)
        // NextBatch's answer has the same fields.
        call.send(call.connection.loop.message(of: outcome))
    }
}
