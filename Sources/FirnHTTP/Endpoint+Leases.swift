internal import FirnLayout
internal import FirnWire

/// Leases over HTTP. What a lease is made of is shown with each later call, as the answer before had it.
extension Endpoint {
    static let leases: [Endpoint] = [leaseWorker, extendLease, releaseLease]

    private static let leaseWorker = Endpoint(
        operation: "leaseWorker",
        method: "POST",
        path: [.fixed("leases")],
        summary: "A worker and a window of time on it, for a caller that mints IDs by itself.",
        parameters: [
            query("name", "The service's name, for those who list the workers.", nameSchema, isRequired: true),
            query("host", "The caller's host.", labelSchema), query("pod", "The caller's pod.", labelSchema),
            query("pid", "The caller's process.", numberSchema(maximum: UInt64(UInt32.max))),
            query(
                "windowMs",
                "How long it lasts, in milliseconds: 100 or more, and cut to the daemon's --max-lease-window; its --lease-window unless given.",
                tickSchema
            ),
            query("notBeforeTick", "The first tick that may be leased.", tickSchema),
            query("unixMs", "The caller's wall clock, which the daemon compares with its own.", tickSchema),
        ],
        answers: [Answer(status: 200, text: "The lease.", schema: "NewLease")] + refusals + [tooLong, tooManyLeases]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            let beginning = LeaseCall.Beginning(
                name: try arguments.name("name"),
                host: try arguments.label("host"),
                pod: try arguments.label("pod"),
                pid: UInt32(try arguments.number("pid", maximum: UInt64(UInt32.max)) ?? 0),
                windowMilliseconds: try arguments.number("windowMs") ?? 0,
                notBeforeTick: try arguments.number("notBeforeTick") ?? 0,
                unixMilliseconds: try arguments.number("unixMs") ?? 0
            )
            return .request(.lease(.begin(beginning)), listName: "", .decimal)
        }
    )

    private static let extendLease = Endpoint(
        operation: "extendLease",
        method: "PUT",
        path: [.fixed("leases"), .variable("worker")],
        summary: "Moves a lease's limit up.",
        parameters: held + [
            query(
                "nextToken",
                "A random number, new for each extension and the same in a repetition; the daemon's choice unless given. Copies of a process that send the same one both pass for the holder.",
                tickSchema
            ), query("limitTick", "The new limit; the daemon's --lease-window from now unless given.", tickSchema),
        ],
        answers: [Answer(status: 200, text: "The lease as it is now.", schema: "Lease")] + refusals + [lost]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            let call = LeaseCall.extend(
                try arguments.hold(),
                token: try arguments.number("nextToken") ?? 0,
                limitTick: try arguments.number("limitTick") ?? 0
            )
            return .request(.lease(call), listName: "", .decimal)
        }
    )

    private static let releaseLease = Endpoint(
        operation: "releaseLease",
        method: "DELETE",
        path: [.fixed("leases"), .variable("worker")],
        summary: "Gives the rest of a lease's window back.",
        parameters: held + [
            query(
                "firstUnusedTick",
                "The first tick that was not used. Without it the worker becomes free at the lease's limit.",
                tickSchema
            )
        ],
        answers: [Answer(status: 200, text: "It is released.", schema: "ReleasedLease")] + refusals + [lost]
            + mayBeAway,
        route: { arguments throws(HTTPAnswer) in
            let call = LeaseCall.release(
                try arguments.hold(),
                firstUnusedTick: try arguments.number("firstUnusedTick") ?? 0
            )
            return .request(.lease(call), listName: "", .decimal)
        }
    )

    // MARK: - Shared parts

    /// What identifies a lease, as the answer before had it.
    private static let held: [Parameter] = [
        Parameter(
            name: "worker",
            isInPath: true,
            text: "The lease's worker.",
            schema: numberSchema(maximum: UInt64(UInt32.max))
        ),
        query("generation", "The lease's generation.", tickSchema, isRequired: true),
        query("instance", "The lease's instance.", tickSchema, isRequired: true),
        query("token", "The lease's token.", tickSchema, isRequired: true),
        query("unansweredToken", "The nextToken of an extension since whose answer was lost.", tickSchema),
    ]

    private static let refusals = [badRequest, unauthorized, foreign, misdirected, noLeases]

    private static let lost = Answer(
        status: 409,
        text: "The lease is lost. Not one more ID may be minted with it.",
        schema: "Error"
    )
    /// No other endpoint's parameters can be so long.
    private static let tooLong = Answer(
        status: 414,
        text: "The path and the query have more than \(RequestTarget.maximumLength) bytes.",
        schema: "Error"
    )
    private static let tooManyLeases = Answer(
        status: 429,
        text: "As many leases are held as --max-leases allows, or too many calls wait. "
            + "Retry-After says when to try again.",
        schema: "Error"
    )
    private static let noLeases = Answer(status: 501, text: "The daemon leases no workers.", schema: "Error")

    private static func query(_ name: String, _ text: String, _ schema: JSON, isRequired: Bool = false) -> Parameter {
        Parameter(name: name, isInPath: false, text: text, schema: schema, isRequired: isRequired)
    }

    private static let nameSchema = JSON.object([
        ("type", .string("string")), ("pattern", .string("^[A-Za-z0-9._-]{1,\(Name.maximumLength)}$")),
    ])
    private static let labelSchema = JSON.object([
        ("type", .string("string")), ("maxLength", .number(UInt64(LeaseCall.Beginning.maximumTextLength))),
    ])
    /// Of 64 bits, so that it is text.
    static let tickSchema = JSON.object([("type", .string("string")), ("pattern", .string("^[0-9]{1,20}$"))])

    private static func numberSchema(maximum: UInt64) -> JSON {
        .object([("type", .string("integer")), ("minimum", .number(0)), ("maximum", .number(maximum))])
    }
}

extension Arguments {
    fileprivate func hold() throws(HTTPAnswer) -> LeaseCall.Hold {
        let lease = Lease(
            worker: UInt32(try required("worker", maximum: UInt64(UInt32.max))),
            generation: try required("generation"),
            instance: try required("instance"),
            token: try required("token"),
            firstTick: 0,
            limitTick: 0
        )
        let unanswered = try number("unansweredToken").map { [$0] } ?? []
        do throws(Status) {
            return try LeaseCall.Hold(checking: lease, unanswered)
        } catch {
            throw .refused(error)
        }
    }
}

extension Lease {
    /// As the answer to a call has it. 64-bit numbers are strings, because a JavaScript number is exact only up to 2^53.
    func members(limitUnixMilliseconds: UInt64) -> [(name: String, value: JSON)] {
        [
            ("worker", .number(UInt64(worker))), ("generation", .string("\(generation)")),
            ("instance", .string("\(instance)")), ("token", .string("\(token)")),
            ("limitTick", .string("\(limitTick)")), ("limitUnixMs", .number(limitUnixMilliseconds)),
        ]
    }
}

extension LeaseGrant {
    /// The lease, and how an ID is made with it.
    var json: JSON {
        .object(
            lease.members(limitUnixMilliseconds: limitUnixMilliseconds) + [
                ("firstTick", .string("\(lease.firstTick)")),
                ("layout", .string(layout.name)), ("epochUnixMs", .number(layout.epochUnixMilliseconds)),
                ("tickNs", .string("\(layout.tickNanoseconds)")), ("timeBits", .number(UInt64(layout.timeBits))),
                ("workerBits", .number(UInt64(layout.workerBits))),
                ("sequenceBits", .number(UInt64(layout.sequenceBits))),
                ("sequenceAboveWorker", .boolean(layout.isSequenceAboveWorker)),
            ] + places
        )
    }

    /// Beside constant fields the places of the others are not the sums of widths.
    private var places: [(name: String, value: JSON)] {
        [
            ("timeShift", .number(layout.timeShift)), ("workerShift", .number(layout.workerShift)),
            ("sequenceShift", .number(layout.sequenceShift)), ("constantBits", .string("\(layout.constantBits)")),
        ]
    }
}
