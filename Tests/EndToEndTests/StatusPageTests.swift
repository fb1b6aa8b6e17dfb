import FirnLayout
import Foundation
import Testing

/// The status page in a real browser.
@Suite struct StatusPageTests {
    /// A store whose name would be markup, if the page let it.
    private func withPage(_ body: (Daemon, Browser, UInt16) throws -> Void) throws {
        try withScratch { scratch in
            let store = "sqlite:" + scratch.file("<i>firn.db")
            try withDaemon(in: scratch, ["--admin", "127.0.0.1:0", "--worker", "9", "--store", store]) { daemon in
                let port = try daemon.httpPort("admin")
                let browser = try Browser(in: scratch)
                try browser.resize(width: 1000, height: 900)
                try browser.open("http://127.0.0.1:\(port)/")
                try eventually("the page is filled", within: .seconds(30), every: .milliseconds(50)) {
                    try browser.text("document.getElementById('state')?.textContent") == "ready"
                }
                try body(daemon, browser, port)
                // A script that fails, or asks for what its policy forbids, says so in the log.
                let errors = browser.events.filter { event in
                    event.method == "Runtime.exceptionThrown"
                        || (event.method == "Log.entryAdded"
                            && (event.params["entry"] as? [String: Any])?["level"] as? String == "error")
                }
                #expect(errors.isEmpty, "\(errors)")
                let addresses = browser.events.filter { $0.method == "Network.requestWillBeSent" }
                    .compactMap { ($0.params["request"] as? [String: Any])?["url"] as? String }
                #expect(addresses.count > 1)
                let own = ["http://127.0.0.1:\(port)/", "http://127.0.0.1:\(port)/status"]
                let guesses = "http://127.0.0.1:\(port)/guess/"
                #expect(
                    addresses.allSatisfy { own.contains($0) || $0.hasPrefix("data:") || $0.hasPrefix(guesses) },
                    "\(Set(addresses))"
                )
            }
        }
    }

    @Test func anIDIsDecodedAtAClickAndRatesMove() throws {
        try withPage { daemon, browser, _ in
            let peer = try Peer.unix(daemon.socketPath)
            let id = try peer.nextID()
            let decoded = Layout.snowflake.decode(id)
            try browser.click("#id")
            try browser.type("\(id)")
            #expect(try browser.text("document.querySelectorAll('.decoded').length") == "0", "nothing before the click")
            try browser.click("#go")
            let output = { (field: String) throws -> String in
                try browser.text("document.querySelector('output[data-field=\(field)]').textContent")
            }
            #expect(try output("time") == "\(decoded.time!)")
            #expect(try output("worker") == "9")
            #expect(try output("sequence") == "\(decoded.sequence!)")
            #expect(try browser.text("document.getElementById('result').textContent").contains("\(decoded.utc!)"))
            let ones = try browser.text(
                "[...document.querySelectorAll('.bit')].map(b => +b.classList.contains('one')).join('')"
            )
            #expect(UInt64(ones, radix: 2) == id.rawValue, "the drawing's bits are the ID's")

            let taken = 100
            try eventually("its rate is seen", every: .milliseconds(200)) {
                _ = try peer.nextBatch(UInt32(taken))
                let rates = try browser.text(
                    "[...document.querySelectorAll('.rate b')].map(b => b.textContent).join(' ')"
                )
                return rates.split(separator: " ").contains { $0 != "0" }
            }
            #expect(try browser.text("document.querySelector('.worker b').textContent") == "9")
            #expect(try browser.text("document.querySelectorAll('dd i').length") == "0", "the store's name is text")
            #expect(try browser.text("document.getElementById('facts').textContent").contains("<i>firn.db"))
        }
    }

    @Test func theSystemOfAnIDIsGuessedAtAClick() throws {
        try withPage { _, browser, _ in
            // A post of Twitter, and of this daemon's layout: 2022-11-18.
            try browser.click("#id")
            try browser.type("1593572310593806338")
            try browser.click("#guess")
            let first = "document.querySelector('#guesses li')?.textContent"
            try eventually("the guess is there", within: .seconds(30), every: .milliseconds(50)) {
                try browser.text(first).hasPrefix("snowflake, 2022-11-18T11:50:20.644Z, worker 378, ")
            }
            try browser.click("#id")
            try browser.type("0")
            #expect(try browser.text("document.querySelectorAll('#guesses li').length") == "0", "of another ID")
            _ = try browser.text("document.getElementById('id').value = ''")
            try browser.click("#id")
            try browser.type("18446744073709551615")
            try browser.click("#guess")
            try eventually("no layout is plausible", within: .seconds(30), every: .milliseconds(50)) {
                try browser.text(first).hasPrefix("No known layout gives 18446744073709551615 a plausible time: ")
            }
        }
    }

    /// What the page says of a text that is pasted.
    private func result(_ text: String, _ browser: Browser) throws -> String {
        _ = try browser.text("document.getElementById('id').value = ''")
        try browser.click("#id")
        try browser.type(text)
        try browser.click("#go")
        return try browser.text("document.getElementById('result').textContent")
    }

    @Test func eachFormIsReadAsTheLibraryReadsIt() throws {
        try withPage { _, browser, _ in
            // The second begins with 0X in base32.
            let ids: [UInt64] = [0, 29 << 55, 57, 58, 4_294_967_295, 1_116_766_490_855_473_152, UInt64(Int64.max)]
            for id in ids.map(FirnID.init(rawValue:)) {
                for format in IDFormat.allCases where !format.isFixedWidth {
                    let choice = "document.getElementById('format').value"
                    #expect(try browser.text("\(choice) = '\(format.name)'") == format.name)
                    let fixed = IDFormat(name: "\(format.name)-fixed").map(id.formatted)
                    for text in [id.formatted(format)] + (fixed.map { [$0] } ?? []) {
                        let told = try result(text, browser)
                        #expect(told.contains("\(id.rawValue) is 0x\(id.formatted(.hexFixed))"), "\(text): \(told)")
                    }
                }
            }
            _ = try browser.text("document.getElementById('format').value = 'base32'")
            #expect(try result("oIl", browser).contains("33 is 0x"), "Crockford's aliases, in either case")
            #expect(try result("U", browser).contains("no 64-bit ID in base32"))
        }
    }

    @Test func whatIsNoIDIsToldSo() throws {
        try withPage { _, browser, _ in
            for (text, words) in [
                ("0x00000000ffffffff", "4294967295 is 0x00000000ffffffff"),
                ("18446744073709551616", "no 64-bit ID"), ("-9223372036854775809", "no 64-bit ID"),
                ("-1", "Not of this layout: its unused bits are set. 0xffffffffffffffff"), ("--1", "no 64-bit ID"),
                ("<img src=x onerror=alert(1)>", "no 64-bit ID"),
                ("18446744073709551615", "Not of this layout"),
            ] {
                let told = try result(text, browser)
                #expect(told.contains(words), "\(text): \(told)")
            }
            #expect(try browser.text("document.images.length") == "0")
        }
    }

    @Test func itIsLightAndDarkAndFitsAPhone() throws {
        try withPage { daemon, browser, _ in
            let peer = try Peer.unix(daemon.socketPath)
            for _ in 0..<8 {
                for _ in 0..<5 { _ = try peer.nextBatch(1_000) }
                sleep(.milliseconds(300))
            }
            try browser.click("#id")
            try browser.type("\(try peer.nextID())")
            try browser.click("#go")
            try browser.prefers(colorScheme: "light")
            let light = try browser.text("getComputedStyle(document.body).backgroundColor")
            let bright = try browser.screenshot("light")
            try browser.prefers(colorScheme: "dark")
            let dark = try browser.text("getComputedStyle(document.body).backgroundColor")
            let dim = try browser.screenshot("dark")
            #expect(light != dark)
            for png in [bright, dim] {
                #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]) && png.count > 20_000, "there is something on it")
            }
            try browser.prefers(colorScheme: "light")
            for width in [320, 390] {
                try browser.resize(width: width, height: 844, isPhone: true)
                #expect(
                    try browser.text("document.documentElement.scrollWidth") == "\(width)",
                    "nobody has to scroll sideways"
                )
            }
            _ = try browser.screenshot("phone")
        }
    }

    @Test func aDaemonThatHasGoneIsSaidToHave() throws {
        try withScratch { scratch in
            try withDaemon(in: scratch, ["--admin", "127.0.0.1:0"]) { daemon in
                let browser = try Browser(in: scratch)
                try browser.open("http://127.0.0.1:\(try daemon.httpPort("admin"))/")
                let state = { () throws -> String in try browser.text("document.getElementById('state')?.textContent") }
                try eventually("it is ready", within: .seconds(30), every: .milliseconds(50)) { try state() == "ready" }
                daemon.signal(SIGKILL)
                try eventually("it says so", within: .seconds(30), every: .milliseconds(50)) {
                    try state() == "no answer"
                }
                #expect(
                    try browser.text("document.getElementById('reason').textContent").contains("not answered since")
                )
            }
        }
    }
}
