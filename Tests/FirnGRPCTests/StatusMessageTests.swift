import FirnWire
import Testing

@testable import FirnGRPC

@Suite struct StatusMessageTests {
    @Test func numbersAreThoseOfGRPC() {
        let known: [Status.Code] = [
            .invalidArgument, .deadlineExceeded, .permissionDenied, .resourceExhausted, .failedPrecondition,
            .unimplemented,
            .internal, .unavailable, .notFound, .unauthenticated,
        ]
        for code in known { #expect(StatusMessage.number(of: code) == Int(code.rawValue)) }
        #expect(StatusMessage.number(of: Status.Code(rawValue: 77)) == 2)
    }

    @Test func textIsPercentEncoded() {
        #expect(StatusMessage.encoded("ask for 1 to 65536") == "ask for 1 to 65536")
        #expect(StatusMessage.encoded("100% ü\n~") == "100%25 %C3%BC%0A~")
    }

    /// RFC 4648, section 10, without the padding.
    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")])
    func base64(_ text: String, _ expected: String) {
        #expect(StatusMessage.base64(Array(text.utf8)) == expected)
    }

    @Test func retryDelayIsInTheDetails() throws {
        let status = Status(.unavailable, "not now", retryAfterMilliseconds: 1250)
        let fields = Trailers.failure(status, isWhole: true)
        #expect(
            fields["grpc-status"] == ["14"] && fields["grpc-message"] == ["not now"] && fields[":status"] == ["200"]
        )
        let text = try #require(fields["grpc-status-details-bin"].first)
        var delay = ProtobufWriter()
        delay.put(1, number: 1)
        delay.put(2, number: 250_000_000)
        // The last field is the delay, in an Any in a RetryInfo.
        let tail = StatusMessage.base64(delay.bytes)
        #expect(delay.bytes.count == 7 && !tail.isEmpty)
        #expect(try retryDelay(inDetails: text) == delay.bytes)
        #expect(Trailers.failure(Status(.internal, "x"), isWhole: false)["grpc-status-details-bin"] == [])
    }

    @Test func fieldsOfRequestsAreRead() {
        var reader = RequestFieldReader()
        func add(_ name: String, _ value: String) {
            Array(name.utf8).withUnsafeBytes { name in
                Array(value.utf8).withUnsafeBytes { value in reader.add(name, value) }
            }
        }
        for path in ["/a", "/a", "/b"] {
            reader.reset()
            add(":path", path)
            add(":pats", "/x")
            add(":method", "POST")
            add("content-type", "application/grpc")
            let fields = reader.fields
            #expect(fields.path == path && fields.method == "POST" && fields.contentType == "application/grpc")
            #expect(fields.timeout == nil && fields.authorization == nil)
        }
        reader.reset()
        #expect(reader.fields.path == "", "nothing is left of the request before")
        add("grpc-timeout", "1S")
        add("authorization", "Bearer a")
        add("authorization", "Bearer b")
        #expect(reader.fields.timeout == "1S" && reader.fields.authorization == "Bearer a, Bearer b")
    }

    @Test func timeouts() throws {
        #expect(try CallTimeout.nanoseconds("1H") == 3_600_000_000_000)
        #expect(try CallTimeout.nanoseconds("2M") == 120_000_000_000)
        #expect(try CallTimeout.nanoseconds("5S") == 5_000_000_000)
        #expect(try CallTimeout.nanoseconds("00000250m") == 250_000_000)
        #expect(try CallTimeout.nanoseconds("7u") == 7_000)
        #expect(try CallTimeout.nanoseconds("99999999n") == 99_999_999)
        #expect(try CallTimeout.nanoseconds("99999999H") == .max)
        for text in ["", "5", "S", "5s", "-5S", "+5S", "123456789S", "5 S", "٥S"] {
            #expect(throws: Status.self, "\(text)") { try CallTimeout.nanoseconds(text) }
        }
    }

    @Test(arguments: [
        ("application/grpc", 0), ("application/grpc+proto", 0), ("application/grpc; charset=utf-8", 0),
        ("Application/gRPC", 0), ("application/grpc+json", 415), ("application/grpc-web", 415),
        ("application/json", 415),
        ("", 415),
    ])
    func contentTypes(_ type: String, _ refusal: Int) {
        let fields = RequestFields(path: "/firn.v1.IDService/NextID", method: "POST", contentType: type)
        do throws(CallHead.Refusal) {
            _ = try CallHead(fields)
            #expect(refusal == 0)
        } catch {
            #expect(error == .http(refusal))
        }
    }
}

extension HeaderFields {
    /// The values of a field.
    subscript(name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}

/// The google.protobuf.Duration in `grpc-status-details-bin`.
func retryDelay(inDetails text: String) throws -> [UInt8]? {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var bytes: [UInt8] = []
    var (bits, count): (UInt32, Int) = (0, 0)
    for character in text.utf8 {
        bits = bits << 6 | UInt32(alphabet.firstIndex(of: character)!)
        count += 6
        guard count >= 8 else { continue }
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
    func member(_ number: UInt64, of message: [UInt8]) throws -> [UInt8]? {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            if field.number == number, case .bytes(let bytes) = field.value { return Array(bytes) }
        }
        return nil
    }
    return try member(3, of: bytes).flatMap { try member(2, of: $0) }.flatMap { try member(1, of: $0) }
}
