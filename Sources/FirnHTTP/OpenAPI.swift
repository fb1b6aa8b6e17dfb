internal import FirnLayout

/// The OpenAPI 3.0 description of the HTTP server, generated from its endpoints.
enum OpenAPI {
    static let text = document.text

    /// Identifies this exact text: FNV-1a of its bytes.
    static let entityTag: String = {
        let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
    }()

    private static var document: JSON {
        var paths: [(name: String, value: JSON)] = []
        for template in Endpoint.all.map(\.template) {
            let operations = Endpoint.all.filter { $0.template == template }
            paths.append((template, .object(operations.map { ($0.method.lowercased(), operation($0)) })))
        }
        return .object([
            ("openapi", .string("3.0.3")),
            (
                "info",
                .object([
                    ("title", .string("Firn")),
                    (
                        "description",
                        .string("Unique 64-bit IDs. They are strings, so that JavaScript keeps every digit.")
                    ),
                    ("version", .string("1")),
                ])
            ),
            ("paths", .object(paths)),
            ("components", .object([("schemas", .object(schemas)), ("securitySchemes", securitySchemes)])),
            // Either of the two: with --token-file a token, without it nothing.
            ("security", .array([.object([("token", .array([]))]), .object([])])),
        ])
    }

    private static func operation(_ endpoint: Endpoint) -> JSON {
        let answers = endpoint.answers.map { answer -> (name: String, value: JSON) in
            var members: [(name: String, value: JSON)] = [("description", .string(answer.text))]
            if answer.status == 429 || answer.status == 503 {
                let seconds = JSON.object([
                    ("schema", .object([("type", .string("integer")), ("minimum", .number(1))]))
                ])
                members.append(("headers", .object([("Retry-After", seconds)])))
            }
            if let name = answer.schema {
                let schema = JSON.object([("$ref", .string("#/components/schemas/\(name)"))])
                members.append(("content", .object([("application/json", .object([("schema", schema)]))])))
            }
            return ("\(answer.status)", .object(members))
        }
        var members: [(name: String, value: JSON)] = [
            ("operationId", .string(endpoint.operation)), ("summary", .string(endpoint.summary)),
        ]
        if !endpoint.parameters.isEmpty { members.append(("parameters", .array(endpoint.parameters.map(parameter)))) }
        members.append(("responses", .object(answers)))
        return .object(members)
    }

    private static var securitySchemes: JSON {
        .object([
            (
                "token",
                .object([
                    ("type", .string("http")), ("scheme", .string("bearer")),
                    ("description", .string("One of the daemon's --token-file, if it has one.")),
                ])
            )
        ])
    }

    private static func parameter(_ parameter: Endpoint.Parameter) -> JSON {
        .object([
            ("name", .string(parameter.name)), ("in", .string(parameter.isInPath ? "path" : "query")),
            ("required", .boolean(parameter.isInPath || parameter.isRequired)),
            ("description", .string(parameter.text)),
            ("schema", parameter.schema),
        ])
    }

    // MARK: - Bodies

    private static var schemas: [(name: String, value: JSON)] {
        let text = JSON.object([("type", .string("string")), ("pattern", .string("^[0-9A-Za-z]{1,20}$"))])
        let texts = JSON.object([("type", .string("array")), ("items", text), ("minItems", .number(1))])
        return [
            ("ID", object(["id"], [("id", text)])),
            ("IDs", object(["ids"], [("ids", texts)])),
            ("Tickets", object(["tickets"], [("tickets", texts)])),
            ("Prefix", object(["prefix"], [("prefix", .object([("type", .string("string"))]))])),
            ("NewLease", object(leaseNames + newLeaseMembers.map(\.name), leaseMembers + newLeaseMembers)),
            ("Lease", object(leaseNames, leaseMembers)),
            ("ReleasedLease", object(["freeFromTick"], [("freeFromTick", Endpoint.tickSchema)])),
            ("DecodedID", object(["id", "layout", "fits"], decodedMembers, isOpen: true)),
            ("Description", object(["openapi", "paths"], [], isOpen: true)),
            ("Error", object(["error"], [("error", .object([("type", .string("string"))]))])),
        ]
    }

    /// In addition an ID has the fields of its layout: numbers, or strings if they are wider than 53 bits. `plausible`,
    /// `reason` and `candidates` are those of a guess.
    private static var decodedMembers: [(name: String, value: JSON)] {
        let sentences = JSON.object([
            ("type", .string("array")), ("items", .object([("type", .string("string"))])), ("minItems", .number(1)),
        ])
        return [
            ("id", .object([("type", .string("string")), ("pattern", .string("^[0-9]{1,20}$"))])),
            ("layout", .object([("type", .string("string"))])),
            ("utc", .object([("type", .string("string"))])),
            ("fits", .object([("type", .string("boolean"))])),
            ("hints", sentences), ("warnings", sentences),
            ("plausible", .object([("type", .string("boolean"))])),
            ("reason", .object([("type", .string("string"))])),
            (
                "candidates",
                .object([
                    ("type", .string("array")),
                    ("items", .object([("$ref", .string("#/components/schemas/DecodedID"))])),
                ])
            ),
        ]
    }

    private static var leaseNames: [String] { leaseMembers.map(\.name) }

    private static var leaseMembers: [(name: String, value: JSON)] {
        let number = JSON.object([("type", .string("integer")), ("minimum", .number(0))])
        return [
            ("worker", number), ("generation", Endpoint.tickSchema), ("instance", Endpoint.tickSchema),
            ("token", Endpoint.tickSchema), ("limitTick", Endpoint.tickSchema), ("limitUnixMs", number),
        ]
    }

    /// Where the lease begins, and how an ID is made.
    private static var newLeaseMembers: [(name: String, value: JSON)] {
        let shift = JSON.object([("type", .string("integer")), ("minimum", .number(0)), ("maximum", .number(63))])
        let number = JSON.object([("type", .string("integer")), ("minimum", .number(0))])
        return [
            ("firstTick", Endpoint.tickSchema),
            ("layout", .object([("type", .string("string"))])), ("epochUnixMs", number),
            ("tickNs", Endpoint.tickSchema),
            ("timeBits", number), ("workerBits", number), ("sequenceBits", number),
            ("sequenceAboveWorker", .object([("type", .string("boolean"))])),
            ("timeShift", shift), ("workerShift", shift), ("sequenceShift", shift),
            ("constantBits", Endpoint.tickSchema),
        ]
    }

    private static func object(
        _ required: [String],
        _ members: [(name: String, value: JSON)],
        isOpen: Bool = false
    ) -> JSON {
        .object([
            ("type", .string("object")), ("required", .array(required.map { .string($0) })),
            ("properties", .object(members)), ("additionalProperties", .boolean(isOpen)),
        ])
    }
}
