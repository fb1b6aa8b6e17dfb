import FirnTestSupport
import Testing

/// What callers for leases over HTTP are told.
@Suite struct LeaseEndpointTests {
    @Test(arguments: [
        ("POST", "/leases", "the query item 'name' is missing"), ("POST", "/leases?name=", "the name ''"),
        ("POST", "/leases?name=a&windowMs=1", "a window of 1 ms was asked for; ask for 100 ms or more"),
        ("POST", "/leases?name=a&notBeforeTick=18446744073709551615", "from tick 18446744073709551615 on"),
        ("PUT", "/leases/1?instance=2&token=3", "the query item 'generation' is missing"),
    ])
    func whatIsWrongIsSaid(_ method: String, _ target: String, _ message: String) throws {
        try withHTTPServer(maximumLeases: 4) { server in
            let answer = try server.ask(method, target)
            #expect(answer.status == 400 && answer.body.contains(message), "\(answer)")
        }
    }

    /// In whole seconds, and when the first lease ends at the latest.
    @Test func whoFindsNoRoomIsToldWhenToAskAgain() throws {
        try withHTTPServer(maximumLeases: 1) { server in
            #expect(try server.ask("POST", "/leases?name=a&windowMs=5000").status == 200)
            let answer = try server.ask("POST", "/leases?name=a")
            let seconds = answer.fields["retry-after"].flatMap { Int($0) } ?? 0
            #expect(answer.status == 429 && (3...5).contains(seconds), "\(answer)")
        }
    }
}
