internal import FirnWire

/// The value of `grpc-timeout`: one to eight digits and a unit.
enum CallTimeout {
    /// - Returns: the timeout in nanoseconds. The longest one has 8 digits of hours, which are more than fit; it is cut.
    /// - Throws: a ``Status`` when the text is not a timeout.
    static func nanoseconds(_ text: String) throws(Status) -> Int64 {
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.last.flatMap(nanoseconds(ofUnit:)), (1...8).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            throw Status(
                .invalidArgument,
                "the call's grpc-timeout '\(text.excerpt)' is not 1 to 8 digits and one of H, M, S, m, u, n; write 500m"
            )
        }
        let number = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? .max : product
    }

    private static func nanoseconds(ofUnit unit: UInt8) -> Int64? {
        switch unit {
        case UInt8(ascii: "H"): 3_600_000_000_000
        case UInt8(ascii: "M"): 60_000_000_000
        case UInt8(ascii: "S"): 1_000_000_000
        case UInt8(ascii: "m"): 1_000_000
        case UInt8(ascii: "u"): 1_000
        case UInt8(ascii: "n"): 1
        default: nil
        }
    }
}
