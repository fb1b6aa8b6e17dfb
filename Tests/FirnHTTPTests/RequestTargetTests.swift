import NIOHTTP1
import Testing

@testable import FirnHTTP

@Suite struct RequestTargetTests {
    @Test(arguments: [
        ("/", []), ("/ids", ["ids"]), ("/ids/17", ["ids", "17"]), ("/ids/", ["ids", ""]), ("//ids", ["", "ids"]),
        ("/a%2Fb/%C3%A9", ["a/b", "é"]), ("http://firn:3000/ids", ["ids"]), ("http://firn", []), ("/?x=1", []),
    ])
    func readsPaths(_ text: String, _ path: [String]) throws {
        #expect(try RequestTarget(parsing: text).path == path)
    }

    @Test func readsQueries() throws {
        let target = try RequestTarget(
            parsing: "/ids?count=3&format=he%78&&layout=time:41ms@2025-01-01T00:00:00Z&empty=&bare"
        )
        #expect(target.path == ["ids"])
        #expect(target.query.map(\.name) == ["count", "format", "layout", "empty", "bare"])
        #expect(target.query.map(\.value) == ["3", "hex", "time:41ms@2025-01-01T00:00:00Z", "", ""])
    }

    @Test(arguments: [
        "", "ids", "*", "%", "/%", "/%4", "/%zz", "/%4g", "/ids?count=%", "/%ff", "/%c3", "/?%e2%82=1", "1://x/",
    ])
    func refusesWhatIsNoTarget(_ text: String) {
        #expect(throws: HTTPAnswer.self) { try RequestTarget(parsing: text) }
    }

    @Test func aTargetHasALongestLength() throws {
        let longest = "/" + String(repeating: "a", count: RequestTarget.maximumLength - 1)
        #expect(try RequestTarget(parsing: longest).path[0].count == longest.count - 1)
        do throws(HTTPAnswer) {
            _ = try RequestTarget(parsing: longest + "a")
            Issue.record("a longer one was read")
        } catch {
            #expect(error.status == .uriTooLong)
        }
    }
}
