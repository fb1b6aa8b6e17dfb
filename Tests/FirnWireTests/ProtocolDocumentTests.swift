import FirnWire
import Foundation
import Testing

/// `docs/PROTOCOL.md` against the code: its examples are frames that a daemon and a client read and write so. That its
/// tables are those of `proto/` is checked by `scripts/check-docs`.
@Suite struct ProtocolDocumentTests {
    private static let document: String = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: root.appendingPathComponent("docs/PROTOCOL.md"), encoding: .utf8)) ?? ""
    }()

    private static func frames(_ direction: Character) -> [[UInt8]] {
        document.matches(of: /\n([<>]) ([0-9a-f]{8}) ([0-9a-f]+)(?=\n)/).filter { $0.output.1.first == direction }
            .map { bytes(hex: String($0.output.2 + $0.output.3)) }
    }

    /// The message of a frame whose header must say its length.
    private static func message(_ frame: [UInt8], maximumLength: Int) -> [UInt8] {
        let length = frame.count - Frame.headerLength
        #expect(Frame.read(frame.span.bytes, maximumLength: maximumLength) == .whole(length: length))
        return Array(frame.dropFirst(Frame.headerLength))
    }

    @Test func itsRequestsAreReadAndWrittenSo() throws {
        let frames = Self.frames(">")
        #expect(frames.count >= 13)
        for frame in frames {
            let decoded = decodedRequest(Self.message(frame, maximumLength: Frame.maximumRequestLength))
            let request = try #require(decoded.message)
            let buffer = FrameBuffer()
            buffer.appendRequest(request)
            #expect(buffer.bytes == frame, "\(request)")
            if case .refused(let status) = request.method { Issue.record("\(status)") }
        }
    }

    @Test func itsResponsesAreReadAndWrittenSo() throws {
        let frames = Self.frames("<")
        #expect(frames.count >= 14)
        for frame in frames {
            let decoded = decodedResponse(Self.message(frame, maximumLength: Frame.maximumResponseLength))
            let response = try #require(decoded.message)
            let buffer = FrameBuffer()
            buffer.append(response)
            #expect(buffer.bytes == frame, "\(response)")
        }
    }

    @Test func itsLimitsAreTheFrames() {
        #expect(Self.document.contains("longest `Request` | \(Frame.maximumRequestLength) bytes"))
        #expect(Self.document.contains("longest `Response` | \(Frame.maximumResponseLength) bytes"))
    }

    @Test func itsCodesAreTheStatuses() throws {
        let rows = Self.document.matches(of: #/\n\| (\d+) \| `([A-Z_]+)` \|/#)
        #expect(rows.count == 10)
        for row in rows {
            let code = Status.Code(rawValue: try #require(UInt32(row.output.1)))
            #expect(code.description == String(row.output.2))
        }
    }
}
