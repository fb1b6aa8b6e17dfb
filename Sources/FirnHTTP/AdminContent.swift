internal import NIOHTTP1

/// A document that is served as it is.
package struct HTTPDocument: Sendable {
    package var statusCode: Int
    package var contentType: String
    package var body: [UInt8]

    package init(statusCode: Int, contentType: String, body: [UInt8]) {
        self.statusCode = statusCode
        self.contentType = contentType
        self.body = body
    }
}

/// What an `--admin` listener serves: documents to read. Other paths get 404, methods other than GET and HEAD get 405.
package struct AdminContent: Sendable {
    /// The paths that exist, such as `/metrics`, or `/guess/{id}` for any ID.
    package let paths: Set<String>
    /// The current document of one of these paths. Called on the HTTP server's threads, for each request.
    package let document: @Sendable (String) -> HTTPDocument?

    package init(paths: Set<String>, document: @escaping @Sendable (String) -> HTTPDocument?) {
        self.paths = paths
        self.document = document
    }

    func answer(method: String, target: String) -> HTTPAnswer {
        do throws(HTTPAnswer) {
            let target = try RequestTarget(parsing: target)
            let path = "/" + target.path.joined(separator: "/")
            guard paths.contains(path) || target.path.count == 2 && paths.contains("/\(target.path[0])/{id}") else {
                throw .refused(
                    .notFound,
                    "there is no \(RequestTarget.excerpt(path)) here; there are \(paths.sorted().joined(separator: ", "))"
                )
            }
            guard method == "GET" || method == "HEAD" else {
                var answer = HTTPAnswer.refused(.methodNotAllowed, "\(path) is only to be read; use GET or HEAD")
                answer.allow = "GET, HEAD"
                throw answer
            }
            guard let document = document(path) else { throw .refused(.notFound, "there is no \(path) now") }
            return HTTPAnswer(
                status: .init(statusCode: document.statusCode),
                contentType: document.contentType,
                body: .bytes(document.body)
            )
        } catch {
            return error
        }
    }
}
