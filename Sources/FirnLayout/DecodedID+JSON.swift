extension DecodedID {
    /// The ID with its layout, fields and time, as an object. Fields wider than 53 bits are strings. Where no part of the
    /// worker is called `worker`, that member is the whole number.
    package var json: JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string("\(id)")), ("layout", .string(layout.name)),
        ]
        for entry in values {
            let field = entry.field
            members.append((field.name, .field(reading(of: field), width: field.width)))
        }
        if let worker, layout.hasNamedPartsOnly {
            members.append(("worker", .field(worker, width: layout.workerBits)))
        }
        if let utc { members.append(("utc", .string("\(utc)"))) }
        members.append(("fits", .boolean(fitsLayout)))
        return .object(members)
    }
}
