extension DecodedID {
    /// The ID with its layout, fields and time, as an object. Fields wider than 53 bits are strings.
    package var json: JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string("\(id)")), ("layout", .string(layout.name)),
        ]
        for entry in values {
            members.append((entry.field.kind.rawValue, .field(entry.value, width: entry.field.width)))
        }
        if let utc { members.append(("utc", .string("\(utc)"))) }
        members.append(("fits", .boolean(fitsLayout)))
        return .object(members)
    }
}
