internal import FirnClient
internal import Hummingbird
internal import Logging

/// A web service whose every request has an ID from the Firn daemon beside it.
///
/// Reads `FIRN_ADDRESS` (the daemon's default place when it is not set) and `PORT` (8080).
@main
struct StampedService {
    static func main() async throws {
        let environment = Environment()
        let logger = Logger(label: "stamped-service")

        let firn = FirnClient(
            address: try environment.get("FIRN_ADDRESS").map { try FirnAddress(parsing: $0) } ?? .default(),
            logger: logger
        )

        let router = Router(context: StampedContext.self)
        // A request's ID may be some milliseconds old: taken from memory, it costs nanoseconds.
        router.add(middleware: RequestStamp(ids: firn.makePrefetcher()))
        router.get("/") { _, context in "Hello from request \(context.requestID)\n" }
        // An order's ID is made when the order is: its time is the order's.
        router.post("/orders") { _, context in
            let order = try await firn.nextID()
            context.logger.info("order taken", metadata: ["order": "\(order)"])
            return EditedResponse(status: .created, headers: [.location: "/orders/\(order)"], response: "\(order)\n")
        }

        let app = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: environment.get("PORT", as: Int.self) ?? 8080)
            ),
            // Started before the server and stopped after it, so that no request finds the client gone.
            services: [firn],
            logger: logger
        )
        try await app.runService()
    }
}
