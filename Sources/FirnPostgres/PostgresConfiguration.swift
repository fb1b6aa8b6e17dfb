/// How to reach a store in PostgreSQL.
package struct PostgresConfiguration: Sendable {
    package var address: PostgresAddress

    /// The longest that a call takes, whatever the number of hosts. Two seconds are long for a healthy server, which
    /// answers in milliseconds, and short compared to a window of a minute.
    package var timeout = Duration.seconds(2)

    package init(_ address: PostgresAddress) {
        self.address = address
    }
}
