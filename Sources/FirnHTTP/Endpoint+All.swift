internal import FirnLayout
internal import FirnServer
internal import FirnWire
internal import NIOHTTP1

extension Endpoint {
    /// All endpoints that the HTTP server serves.
    static let all: [Endpoint] = [freshID, ids, decodedID, tickets, prefix] + leases + [description]

    private static let freshID = Endpoint(
        operation: "nextID",
        method: "GET",
        path: [],
        summary: "One new ID.",
        parameters: [],
        answers: [Answer(status: 200, text: "The ID.", schema: "ID"), badRequest, unauthorized, foreign, misdirected]
            + mayBeAway,
        ignoresUnknownItems: true,
        route: { _ throws(HTTPAnswer) in .freshID }
    )

    private static let ids = Endpoint(
        operation: "nextIDs",
        method: "GET",
        path: [.fixed("ids")],
        summary: "Several new IDs, rising: all that were asked for, or none.",
        parameters: [count, format("How to write them.")],
        answers: [Answer(status: 200, text: "The IDs.", schema: "IDs"), badRequest, unauthorized, foreign, misdirected]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            // A count of 1 is a single ID, as from the other path.
            let count = try arguments.count()
            return .request(count == 1 ? .nextID : .nextBatch(count: count), listName: "ids", try arguments.format())
        }
    )

    private static let decodedID = Endpoint(
        operation: "decodeID",
        method: "GET",
        path: [.fixed("ids"), .variable("id")],
        summary: "What an ID says: its fields, and its time.",
        parameters: [
            Parameter(
                name: "id",
                isInPath: true,
                text: "The ID. A negative decimal number is two's complement, as a signed column has it.",
                schema: .object([("type", .string("string")), ("pattern", .string("^-?[0-9A-Za-z]{1,20}$"))])
            ),
            Parameter(
                name: "layout",
                isInPath: false,
                text: "The layout to read it in, by name or fields; the daemon's own unless given. With guess it is "
                    + "read in the one in which it is most plausible, and the others are candidates. hints and warnings "
                    + "say what a person should know, such as that the ID is probably another system's.",
                schema: .object([("type", .string("string")), ("example", .string("sonyflake"))])
            ),
            format("How the ID is written."),
        ],
        answers: [
            Answer(status: 200, text: "The ID's fields.", schema: "DecodedID"), badRequest, unauthorized, misdirected,
            refused,
        ],
        route: { arguments throws(HTTPAnswer) in
            .answer(try arguments.decodedID())
        }
    )

    private static let tickets = Endpoint(
        operation: "nextTickets",
        method: "POST",
        path: [.fixed("sequences"), .variable("name")],
        summary: "The next values of a named sequence, rising: all that were asked for, or none.",
        parameters: [named("name", "The sequence's name."), count, format("How to write them.")],
        answers: [
            Answer(status: 200, text: "The values.", schema: "Tickets"), badRequest, unauthorized, foreign, misdirected,
            tooMany,
        ]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            .request(
                .nextTickets(sequence: try arguments.name("name"), count: try arguments.count()),
                listName: "tickets",
                try arguments.format()
            )
        }
    )

    private static let prefix = Endpoint(
        operation: "newPrefix",
        method: "POST",
        path: [.fixed("prefixes"), .variable("service")],
        summary: "A prefix that no other instance of a service gets.",
        parameters: [named("service", "The service's name.")],
        answers: [
            Answer(status: 200, text: "The prefix.", schema: "Prefix"), badRequest, unauthorized, foreign, misdirected,
            tooMany,
        ]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            .request(.newPrefix(service: try arguments.name("service")), listName: "", .decimal)
        }
    )

    private static let description = Endpoint(
        operation: "describe",
        method: "GET",
        path: [.fixed("openapi.json")],
        summary: "This description.",
        parameters: [],
        answers: [
            Answer(status: 200, text: "OpenAPI 3.0.", schema: "Description"),
            Answer(
                status: 304,
                text: "The description whose ETag is in If-None-Match is the present one.",
                schema: nil
            ),
            badRequest, unauthorized, misdirected, refused,
        ],
        route: { _ throws(HTTPAnswer) in
            .answer(
                HTTPAnswer(
                    status: .ok,
                    body: .text(OpenAPI.text),
                    isCacheable: true,
                    entityTag: OpenAPI.entityTag
                )
            )
        }
    )

    // MARK: - Shared parts

    private static let count = Parameter(
        name: "count",
        isInPath: false,
        text: "How many, at most the daemon's --max-batch.",
        schema: .object([
            ("type", .string("integer")), ("minimum", .number(1)), ("maximum", .number(65_536)),
            ("default", .number(1)),
        ])
    )

    private static func format(_ text: String) -> Parameter {
        Parameter(
            name: "format",
            isInPath: false,
            text: text + " The fixed forms have one width each and sort as the numbers do.",
            schema: .object([
                ("type", .string("string")), ("enum", .array(IDFormat.allCases.map { .string($0.name) })),
                ("default", .string(IDFormat.decimal.name)),
            ])
        )
    }

    private static func named(_ name: String, _ text: String) -> Parameter {
        Parameter(
            name: name,
            isInPath: true,
            text: text,
            schema: .object([
                ("type", .string("string")), ("pattern", .string("^[A-Za-z0-9._-]{1,\(Name.maximumLength)}$")),
            ])
        )
    }

    static let badRequest = Answer(
        status: 400,
        text: "Something in the path or the query is wrong, or the sequence cannot give this.",
        schema: "Error"
    )
    static let unauthorized = Answer(
        status: 401,
        text: "The daemon has a --token-file, and the request shows none of its tokens.",
        schema: "Error"
    )
    static let foreign = Answer(
        status: 403,
        text:
            "The token does not allow this, or a page of an origin that --http-allow-origin does not allow asked for it.",
        schema: "Error"
    )
    static let misdirected = Answer(
        status: 421,
        text: "The daemon listens on loopback, and the request is for another host than this one.",
        schema: "Error"
    )
    private static let refused = Answer(
        status: 503,
        text: "The daemon has as many connections as it may. Retry-After says when to try again.",
        schema: "Error"
    )
    private static let tooMany = Answer(
        status: 429,
        text: "More sequences are used at once than the daemon keeps in memory. Retry-After says when to try again.",
        schema: "Error"
    )
    static let mayBeAway = [
        Answer(
            status: 503,
            text: "Nothing can be given out now, and the body says why. Retry-After says when to try again.",
            schema: "Error"
        )
    ]
}
