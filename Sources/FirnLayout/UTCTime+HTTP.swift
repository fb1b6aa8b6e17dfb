extension UTCTime {
    /// In the format of HTTP's `Date` (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    package var httpDate: String {
        let (days, second) = unixSeconds.dividedRoundingDown(by: 86_400)
        let date = CivilDate(daysSince1970: days)
        // 1970-01-01 was a Thursday.
        let weekday = Self.weekdays[Int((days + 4).dividedRoundingDown(by: 7).remainder)]
        let time = [second / 3600, second / 60 % 60, second % 60].map { $0.magnitude.padded(to: 2) }
        return "\(weekday), \(date.day.magnitude.padded(to: 2)) \(Self.months[Int(date.month) - 1]) "
            + "\(date.year.magnitude.padded(to: 4)) \(time.joined(separator: ":")) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
