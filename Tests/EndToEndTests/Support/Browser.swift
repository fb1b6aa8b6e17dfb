import Foundation

/// A real Chromium without a window, told what to do by its DevTools protocol over two pipes.
///
/// Source: <https://chromedevtools.github.io/devtools-protocol/>; with `--remote-debugging-pipe` messages are JSON, each
/// ended by a zero byte, read from descriptor 3 and written to descriptor 4. For one thread.
final class Browser {
    typealias JSONObject = [String: Any]

    private let program: Program
    private let toBrowser: Int32
    private let fromBrowser: Int32
    private var session: String?
    private var lastCall = 0
    private var input: [UInt8] = []
    /// What it told unasked.
    private(set) var events: [(method: String, params: JSONObject)] = []

    init(in scratch: Scratch) throws {
        let (commandsOut, commandsIn) = try Self.pipe()
        let (answersOut, answersIn) = try Self.pipe()
        defer {
            close(commandsOut)
            close(answersIn)
        }
        program = try Program(
            [
                // As root, which tests in containers are, it has no sandbox; the page is the daemon's own.
                "/usr/bin/chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--remote-debugging-pipe", "--user-data-dir=\(scratch.file("chromium"))",
                "about:blank",
            ],
            in: scratch,
            name: "chromium",
            descriptors: [(3, commandsOut), (4, answersIn)]
        )
        toBrowser = commandsIn
        fromBrowser = answersOut
        var target: String?
        try eventually("Chromium has a page; it says: \(program.output)") {
            let targets = try call("Target.getTargets")["targetInfos"] as? [JSONObject] ?? []
            target = targets.first { $0["type"] as? String == "page" }?["targetId"] as? String
            return target != nil
        }
        session = try call("Target.attachToTarget", ["targetId": target!, "flatten": true])["sessionId"] as? String
        for domain in ["Page", "Runtime", "Log", "Network"] { try call("\(domain).enable") }
    }

    /// Closed by itself, for its many processes write to its directory until they have ended.
    deinit {
        if (try? call("Browser.close")) != nil { _ = try? program.waitForExit(within: .seconds(10)) }
        close(toBrowser)
        close(fromBrowser)
    }

    /// Both ends above the numbers that they are to have in the browser, and for no other child.
    private static func pipe() throws -> (out: Int32, in: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw TestFailure("pipe: \(systemError)") }
        defer { ends.forEach { close($0) } }
        let high = ends.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
        return (high[0], high[1])
    }

    /// Makes a call and waits for what came of it.
    @discardableResult
    func call(_ method: String, _ params: JSONObject = [:]) throws -> JSONObject {
        lastCall += 1
        var message: JSONObject = ["id": lastCall, "method": method, "params": params]
        if let session { message["sessionId"] = session }
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: message)) + [0]
        guard write(toBrowser, bytes, bytes.count) == bytes.count else {
            throw TestFailure("Chromium takes no commands: \(systemError); \(program.output)")
        }
        while true {
            let answer = try receive()
            if let method = answer["method"] as? String {
                events.append((method, answer["params"] as? JSONObject ?? [:]))
            } else if answer["id"] as? Int == lastCall {
                if let error = answer["error"] { throw TestFailure("\(method): \(error)") }
                return answer["result"] as? JSONObject ?? [:]
            }
        }
    }

    private func receive() throws -> JSONObject {
        while true {
            if let end = input.firstIndex(of: 0) {
                let message = Data(input[..<end])
                input.removeFirst(end + 1)
                return try JSONSerialization.jsonObject(with: message) as? JSONObject ?? [:]
            }
            var watched = pollfd(fd: fromBrowser, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 30_000) == 1 else { throw TestFailure("Chromium is silent: \(program.output)") }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = read(fromBrowser, &chunk, chunk.count)
            guard count > 0 else { throw TestFailure("Chromium has ended: \(program.output)") }
            input += chunk[..<count]
        }
    }

    // MARK: - What a person does

    func open(_ address: String) throws {
        try call("Page.navigate", ["url": address])
    }

    /// The value of an expression of JavaScript, as text.
    func text(_ expression: String) throws -> String {
        let answer = try call("Runtime.evaluate", ["expression": "String(\(expression))", "returnByValue": true])
        if let exception = answer["exceptionDetails"] { throw TestFailure("\(expression): \(exception)") }
        return (answer["result"] as? JSONObject)?["value"] as? String ?? ""
    }

    /// Presses the mouse's button in the middle of what a CSS selector finds.
    func click(_ selector: String) throws {
        let middle = try text(
            "(() => { const e = document.querySelector('\(selector)'); e.scrollIntoView(); const r = e.getBoundingClientRect();"
                + " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        ).split(separator: ",").compactMap { Double($0) }
        guard middle.count == 2 else { throw TestFailure("there is no \(selector)") }
        for type in ["mousePressed", "mouseReleased"] {
            try call(
                "Input.dispatchMouseEvent",
                ["type": type, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1]
            )
        }
    }

    func type(_ text: String) throws {
        try call("Input.insertText", ["text": text])
    }

    /// A screenshot as PNG. Kept where `FIRN_SCREENSHOTS` says, for people to look at.
    func screenshot(_ name: String) throws -> Data {
        let answer = try call("Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true])
        guard let text = answer["data"] as? String, let png = Data(base64Encoded: text) else {
            throw TestFailure("no screenshot")
        }
        if let folder = ProcessInfo.processInfo.environment["FIRN_SCREENSHOTS"] {
            try png.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
        }
        return png
    }

    func prefers(colorScheme: String) throws {
        try call(
            "Emulation.setEmulatedMedia",
            ["features": [["name": "prefers-color-scheme", "value": colorScheme]]]
        )
    }

    func resize(width: Int, height: Int, isPhone: Bool = false) throws {
        try call(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": isPhone ? 2 : 1, "mobile": isPhone]
        )
    }
}
