import FirnLayout
import Testing

/// Names of fields that are parts of the worker, and probably not meant to be.
@Suite struct LayoutWarningTests {
    private func warnings(ofField field: String, before rest: String = "") throws -> [String] {
        try Layout(parsing: "time:41ms@0,\(field)\(rest)").warnings
    }

    @Test(arguments: [
        ("sequnce", "sequence"), ("seqeunce", "sequence"), ("sequences", "sequence"), ("equence", "sequence"),
        ("sequende", "sequence"), ("seq", "sequence"), ("counter", "sequence"), ("serial", "sequence"),
        ("tiem", "time"),
        ("times", "time"), ("timestamp", "time"), ("ts", "time"), ("millis", "time"), ("epoch", "time"),
        ("workr", "worker"),
        ("wroker", "worker"), ("workers", "worker"),
    ])
    func aNameThatIsNearlyAnotherIsWarnedOf(name: String, meant: String) throws {
        for rest in ["", ",sequence:1"] {
            let warnings = try warnings(ofField: "\(name):12", before: rest)
            #expect(warnings.count == 1 && warnings.allSatisfy { $0.hasSuffix(", call it \(meant).") }, "\(warnings)")
        }
    }

    @Test(arguments: ["unsued", "usused", "sign", "spare", "padding"])
    func bitsWithoutMeaningAreWarnedOf(name: String) throws {
        let warnings = try warnings(ofField: "\(name):1", before: ",worker:10,sequence:12")
        #expect(warnings.count == 1 && warnings[0].contains("as in spare:1=0"), "\(warnings)")
        #expect(try self.warnings(ofField: "\(name):1=0").isEmpty)
        #expect(try self.warnings(ofField: "\(name):1/random").isEmpty)
    }

    @Test func aWarningSaysWhatTheFieldIs() throws {
        #expect(
            try warnings(ofField: "seq:12") == [
                "The field seq of the layout time:41ms@1970-01-01T00:00:00Z,seq:12 is taken for a part of the worker: if it "
                    + "counts the IDs of a tick, call it sequence."
            ]
        )
    }

    /// Without a sequence, the lowest part may be one with an unknown name.
    @Test func anUnknownNameIsWarnedOfWithoutASequence() throws {
        let warnings = try warnings(ofField: "node:5,running-number:12")
        #expect(warnings.count == 1 && warnings[0].hasPrefix("The field running-number of"), "\(warnings)")
        #expect(try self.warnings(ofField: "running-number:12", before: ",sequence:1").isEmpty)
    }

    @Test(arguments: ["node", "datacenter", "machine", "region", "shard", "worker", "dc", "type", "instance"])
    func aPartsUsualNameIsNot(name: String) throws {
        for rest in ["", ",sequence:1", ",worker-id:3,sequence:1", ",node-2:3,sequence:1"] {
            #expect(try warnings(ofField: "\(name):12", before: rest).isEmpty, "\(name)\(rest)")
        }
    }

    @Test func noPresetIsWarnedOf() {
        for preset in Layout.presets { #expect(preset.warnings.isEmpty, "\(preset)") }
    }
}
