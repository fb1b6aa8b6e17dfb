import FirnTestSupport
import Testing

@testable import FirnWire

@Suite struct StoreMessageTests {
    private static let calls: [StoreCall] = [
        .read(["layout"]), .read((0..<128).map { "workers/\($0)" }),
        .write([StoreCall.Write(key: "workers/1", value: "worker/1 …", ifVersion: 7, ifValue: "worker/1 before")]),
        .write(
            (0..<7).map {
                StoreCall.Write(
                    key: "sequences/\($0)",
                    value: String(repeating: "v", count: 250),
                    ifVersion: .max,
                    ifValue: String(repeating: "o", count: 250)
                )
            }
        ), .write([StoreCall.Write(key: "clock", value: "", ifVersion: 0, ifValue: "")]),
        .list(prefix: "workers/", after: "", limit: 256), .list(prefix: "workers/", after: "workers/9", limit: 1),
        .highestVersion,
    ]

    private static let answers: [StoreAnswers] = [
        .records([]),
        .records([
            .success(StoreAnswers.Record(key: "a", value: "ä\n", version: .max)),
            .success(StoreAnswers.Record(key: "b", value: "", version: 0)),
            .failure(Status(.unavailable, "the store is away", retryAfterMilliseconds: 5)),
        ]),
        .records(
            (0..<256).map {
                .success(
                    StoreAnswers.Record(
                        key: "k\($0)",
                        value: String(repeating: "v", count: 500),
                        version: UInt64($0 + 1)
                    )
                )
            }
        ),
        .results([.success(0), .success(.max), .failure(Status(.unavailable, ""))]), .highestVersion(.max),
    ]

    @Test func requestsAreReadBack() {
        let decoder = RequestDecoder()
        for call in Self.calls {
            let request = Request(callID: .max, timeoutMilliseconds: .max, method: .store(call))
            let bytes = message { $0.appendRequest(request) }
            #expect(bytes.count <= call.maximumLength + 32 && bytes.count <= Frame.maximumRequestLength)
            #expect(decoder.decoded(bytes) == .message(request))
        }
    }

    @Test func answersAreReadBack() {
        for answers in Self.answers {
            let response = Response(callID: 3, outcome: .store(answers))
            #expect(decodedResponse(message { $0.append(response) }) == .message(response))
        }
    }

    // MARK: - What is refused

    private static func refusal(_ request: [UInt8]) -> Status? {
        guard let request = decodedRequest(field(14, request)).message, case .refused(let status) = request.method
        else { return nil }
        return status
    }

    @Test func aRequestHasOnePart() {
        let parts = [field(1, [97]), field(2, field(1, [97])), field(3, field(3, 1)), field(4, 1)]
        #expect(Self.refusal([])?.code == .invalidArgument)
        for (index, part) in parts.enumerated() {
            #expect(Self.refusal(part) == nil, "part \(index)")
            for other in parts[(index + 1)...] { #expect(Self.refusal(part + other) != nil) }
        }
    }

    @Test func keysAreShortASCIIWithoutBlanks() {
        let bad: [[UInt8]] = [
            Array("a b".utf8), Array("ä".utf8), [10], [0x7F], [UInt8](repeating: 97, count: 257), [0xFF],
        ]
        for key in bad {
            #expect(Self.refusal(field(1, key))?.code == .invalidArgument, "\(key)")
            #expect(Self.refusal(field(2, field(1, key)))?.code == .invalidArgument, "\(key)")
            #expect(Self.refusal(field(3, field(1, key) + field(3, 1)))?.code == .invalidArgument, "\(key)")
        }
    }

    @Test func numbersHaveTheirLimits() {
        let keys = { (count: Int) in (0..<count).flatMap { _ in field(1, [97]) } }
        #expect(Self.refusal(keys(128)) == nil)
        #expect(Self.refusal(keys(129))?.message.contains("129") == true)
        for limit: UInt64 in [0, 257] {
            #expect(Self.refusal(field(3, field(3, limit)))?.message.contains("\(limit)") == true)
        }
    }
}
