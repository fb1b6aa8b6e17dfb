import Testing

@testable import FirnConfiguration

@Suite struct EnvironmentTests {
    private static let known: Set = [
        "FIRN_LAYOUT", "FIRN_STORE", "FIRN_LISTEN", "FIRN_HTTP", "FIRN_WORKER", "FIRN_WORKERS",
    ]

    private func warnings(_ variables: [String: String]) -> [String] {
        Environment(variables).warnings(known: Self.known, unset: ["FIRN_CHECK": "give --check"])
    }

    @Test(arguments: [
        ("FIRN_LAYOT", "FIRN_LAYOUT"), ("FIRN_STROE", "FIRN_STORE"), ("FIRN_LISTENS", "FIRN_LISTEN"),
        ("FIRN_store", "FIRN_STORE"), ("firn_layout", "FIRN_LAYOUT"), ("FIRND_STORE", "FIRN_STORE"),
        ("FIRN_WORKRES", "FIRN_WORKERS"),
    ])
    func aMisspeltSettingIsWarnedOfWithTheNearest(_ name: String, _ nearest: String) {
        let warnings = warnings([name: "x"])
        #expect(warnings.count == 1 && warnings[0].contains("\(name) has no effect"))
        #expect(warnings.last?.hasSuffix("is \(nearest) meant?") == true, "\(warnings)")
    }

    @Test func whatIsNearNoneIsWarnedOfAlone() {
        #expect(
            warnings(["FIRN_TIMEZONE_OF_LOGS": "x"]) == [
                "the environment variable FIRN_TIMEZONE_OF_LOGS has no effect, as there is no such setting"
            ]
        )
        #expect(warnings(["FIRN_CHECK": "1"]) == ["the environment variable FIRN_CHECK has no effect: give --check"])
    }

    /// As kubelet sets them in each pod of a namespace with Services firn, firn-http and firn-layout.
    @Test func whatKubernetesSetsIsNotWarnedOf() {
        var variables: [String: String] = [:]
        for (service, port) in [("FIRN", 7300), ("FIRN_HTTP", 3000), ("FIRN_LAYOUT", 80), ("FIRND", 1)] {
            let url = "tcp://10.0.0.1:\(port)"
            variables["\(service)_SERVICE_HOST"] = "10.0.0.1"
            variables["\(service)_SERVICE_PORT"] = "\(port)"
            variables["\(service)_SERVICE_PORT_FRAMES"] = "\(port)"
            variables["\(service)_PORT"] = url
            variables["\(service)_PORT_\(port)_TCP"] = url
            variables["\(service)_PORT_\(port)_TCP_PROTO"] = "tcp"
            variables["\(service)_PORT_\(port)_TCP_PORT"] = "\(port)"
            variables["\(service)_PORT_\(port)_TCP_ADDR"] = "10.0.0.1"
        }
        #expect(warnings(variables) == [])
        #expect(variables.allSatisfy { Environment.isOfService($0, $1) })
        // What only looks like it is somebody's guess.
        #expect(warnings(["FIRN_PORT": "7300"]).count == 1)
        #expect(warnings(["FIRN_PORT_LAYOUT_TCP": "x"]).count == 1)
    }

    @Test func othersVariablesAreNoneOfOurs() {
        #expect(
            warnings(["HOME": "/", "FIRNEY_STORE": "x", "MY_FIRN_STORE": "x", "FIRN_STORE": "x", "FIRN_": ""]) == []
        )
        #expect(warnings(["FIRN_LAYOT": ""]) == [], "an empty one says nothing")
    }

    /// The command's environment may have all of the daemon's settings in it.
    @Test func whereOthersSettingsAreOnlyWhatIsNearIsWarnedOf() {
        let environment = Environment([
            "FIRN_ADRESS": "x", "FIRN_LAYOUT": "y", "FIRN_STATE_DIR": "z", "FIRN_SHARDS": "1",
        ])
        let warnings = environment.warnings(known: ["FIRN_ADDRESS", "FIRN_STORE"], isOfMany: true)
        #expect(
            warnings.count == 1 && warnings[0].contains("FIRN_ADRESS") && warnings[0].contains("FIRN_ADDRESS meant")
        )
    }

    @Test func anEmptyVariableIsNone() throws {
        let environment = Environment(["FIRN_STORE": "", "FIRN_LAYOUT": "discord"])
        #expect(environment["FIRN_STORE"] == nil && environment["FIRN_LAYOUT"] == "discord" && environment["X"] == nil)
        #expect(Environment.ofProcess()["PATH"]?.isEmpty == false)
        let blank = Environment(["FIRN_STORE": " \t", "FIRN_ADDRESS": " unix:/run/a b.sock\t"])
        #expect(blank["FIRN_STORE"] == nil && blank["FIRN_ADDRESS"] == "unix:/run/a b.sock")
    }

    @Test func aNameIsPrintedOnOneLine() {
        let warnings = warnings(["FIRN_LAYO\nT": "x", "FIRN_STO\u{1B}[31mRE": "x"])
        #expect(warnings.count == 2 && warnings.allSatisfy { $0.firstControl == nil }, "\(warnings)")
    }

    @Test func aControlCharacterIsRefusedInWhatIsRead() throws {
        let environment = Environment(["FIRN_STORE": "memory\r", "OTHER": "\n"])
        try environment.refuseControls(in: ["FIRN_LAYOUT"])
        let error = #expect(throws: ConfigurationError.self) { try environment.refuseControls(in: Self.known) }
        #expect(error?.description.hasPrefix("FIRN_STORE: 'memory\\r' has") == true)
    }
}
