extension DecodedID {
    /// The ID with its layout, fields and time, as an object. Fields wider than 53 bits are strings. Where no field
    /// shows the worker's whole number, it is a member of its own, with the name ``Layout/wholeWorkerName``.
    package var json: JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string("\(id)")), ("layout", .string(layout.name)),
        ]
        for entry in values {
            let field = entry.field
            members.append((field.name, .field(reading(of: field), width: field.width)))
        }
        if let worker, let name = layout.wholeWorkerName {
            members.append((name, .field(worker, width: layout.workerBits)))
        }
        if let utc { members.append(("utc", .string("\(utc)"))) }
        members.append(("fits", .boolean(fitsLayout)))
        return .object(members)
    }
}
