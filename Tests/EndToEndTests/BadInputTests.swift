import FirnLayout
import FirnWire
import Foundation
import Testing

/// Bytes that no client of ours would send. Each attack is made many times while a bystander is served, and leaves
/// neither memory nor descriptors behind.
@Suite struct BadInputTests {
    /// Makes the attack often enough to see growth, each time from a connection of its own.
    private func attack(
        _ arguments: [String] = [],
        times: Int = 150,
        _ body: (Peer) throws -> Void
    ) throws {
        try withDaemon(arguments) { daemon in
            try withBystander(of: daemon) {
                for _ in 0..<times / 3 { try body(Peer.unix(daemon.socketPath)) }
                let memory = try daemon.residentKiB()
                let descriptors = daemon.openDescriptors
                for _ in 0..<times { try body(Peer.unix(daemon.socketPath)) }
                let growth = try daemon.residentKiB() - memory
                #expect(growth < 512, "\(times) attacks left \(growth) KiB")
                try eventually("the attackers' descriptors are closed") { daemon.openDescriptors <= descriptors }
            }
            #expect(daemon.reap() == nil)
        }
    }

    @Test(arguments: [4097, 1 << 24, Int(UInt32.max)])
    func lengthOverTheLimit(_ length: Int) throws {
        try attack { peer in
            try peer.send(withUnsafeBytes(of: UInt32(length).bigEndian) { [UInt8]($0) })
            let (call, status) = try peer.error()
            #expect(call == 0 && status.code == .invalidArgument)
            #expect(status.message.contains("\(length)") && status.message.contains("4096"))
            #expect(try peer.receive() == nil)
        }
    }

    @Test func lengthZero() throws {
        try attack { peer in
            try peer.send([0, 0, 0, 0])
            let (call, status) = try peer.error()
            #expect(call == 0 && status.code == .invalidArgument)
            #expect(try peer.receive() == nil)
        }
    }

    /// The longest frame that is allowed is read, and only that it is no request is held against it.
    @Test func lengthAtTheLimitIsRead() throws {
        try attack { peer in
            try peer.send(Peer.frame([UInt8](repeating: 0xFF, count: 4096)))
            #expect(try peer.error().status.code == .internal)
            #expect(try peer.receive() == nil)
        }
    }

    @Test(arguments: [1, 4, 6])
    func halfAFrameThenSilence(_ length: Int) throws {
        try attack(["--frame-timeout", "300ms"], times: 3) { peer in
            let start = ContinuousClock.now
            try peer.send(Array(Peer.frame(.nextBatch(count: 5), callID: 1)[..<length]))
            let (call, status) = try peer.error()
            let took = start.duration(to: .now)
            #expect(call == 0 && status.code == .deadlineExceeded)
            // Not before. A time and no count: only that tells the option's 300 ms from the five seconds without it.
            #expect(took > .milliseconds(250) && took < .seconds(4), "\(took)")
            #expect(try peer.receive() == nil)
        }
    }

    @Test func garbage() throws {
        try attack { peer in
            try peer.send(Peer.frame([0xDE, 0xAD, 0xBE, 0xEF, 0x00, 0xFF]))
            let (call, status) = try peer.error()
            #expect(call == 0 && status.code == .internal)
            #expect(try peer.receive() == nil)
        }
    }

    @Test func anotherProtocol() throws {
        try attack { peer in
            try peer.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(try peer.error().status.code == .invalidArgument)
            #expect(try peer.receive() == nil)
        }
    }

    @Test func randomBytes() throws {
        var random = SystemRandomNumberGenerator()
        try attack { peer in
            let length = Int.random(in: 1...600, using: &random)
            try? peer.send((0..<length).map { _ in .random(in: 0...255, using: &random) })
            peer.finishSending()
            while let response = try? peer.receive(), response.callID < .max {}
        }
    }

    @Test func unknownMethodLeavesTheConnection() throws {
        try attack { peer in
            // call_id 9, and field 99 with an empty message.
            try peer.send(Peer.frame([0x08, 9, 0x9A, 0x06, 0]))
            let (call, status) = try peer.error()
            #expect(call == 9 && status.code == .unimplemented)
            // No method at all.
            try peer.send(Peer.frame([0x08, 10]))
            #expect(try peer.error().status.code == .unimplemented)
            _ = try peer.nextID()
        }
    }

    @Test func someUnknownFieldsAreSkipped() throws {
        try attack { peer in
            let unknown: [UInt8] = (0..<300).flatMap { _ in [0xF8, 0x06, 1] as [UInt8] }
            try peer.send(Peer.frame([0x08, 5] + unknown + [0x1A, 0]))
            let response = try peer.answer()
            guard case .nextID = response.outcome else { throw TestFailure("\(response)") }
            #expect(response.callID == 5)
        }
    }

    @Test func aFrameFullOfUnknownFieldsIsRefused() throws {
        try attack { peer in
            try peer.send(Peer.frame((0..<2048).flatMap { _ in [0x78, 1] as [UInt8] }))
            let (call, status) = try peer.error()
            #expect(call == 0 && status.code == .invalidArgument)
            #expect(try peer.receive() == nil)
        }
    }

    @Test(arguments: [0, 65_537, UInt32.max])
    func countOutsideTheLimitsLeavesTheConnection(_ count: UInt32) throws {
        try attack { peer in
            guard case .error(let status) = try peer.call(.nextBatch(count: count)) else {
                throw TestFailure("a batch of \(count) was not refused")
            }
            #expect(status.code == .invalidArgument && status.message.contains("\(count)"))
            #expect(status.message.contains("65536"))
            _ = try peer.nextID()
        }
    }

    @Test func maximumBatchIsConfigured() throws {
        try withDaemon(["--max-batch", "10"]) { daemon in
            let peer = try Peer.unix(daemon.socketPath)
            #expect(try peer.describe().maximumBatch == 10)
            #expect(try peer.nextBatch(10).reduce(0) { $0 + $1.count } == 10)
            #expect(throws: Status.self) { try peer.nextBatch(11) }
        }
    }

    @Test func aByteAtATimeIsServed() throws {
        try attack(times: 9) { peer in
            for byte in Peer.frame(.nextID, callID: 77) + Peer.frame(.nextBatch(count: 3), callID: 78) {
                try peer.send([byte])
                sleep(.milliseconds(1))
            }
            #expect(try peer.answer().callID == 77)
            #expect(try peer.answer().callID == 78)
        }
    }

    @Test func tenThousandFramesBeforeAnyIsRead() throws {
        try attack(times: 3) { peer in
            try peer.send((1...10_000).flatMap { Peer.frame(.nextID, callID: $0) })
            var last: UInt64 = 0
            for number in 1...10_000 as ClosedRange<UInt64> {
                let response = try peer.answer()
                guard response.callID == number, case .nextID(let id) = response.outcome, id.rawValue > last else {
                    throw TestFailure("call \(number), after ID \(last): \(response)")
                }
                last = id.rawValue
            }
        }
    }
}
