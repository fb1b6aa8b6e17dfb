#if !Postgres
    internal import FirnSQLite
    internal import FirnStore

    /// Replaces `FirnPostgres`'s configuration in a build without the trait Postgres, so that other files need no
    /// conditions. No value of this type can be created.
    package struct PostgresConfiguration: Sendable {
        package init(_: PostgresAddress, _: PostgresOptions, window: Duration?) throws(ConfigurationError) {
            throw .builtWithoutPostgres
        }

        package var timeout: Duration { noneIsMade() }

        func makeStore(for use: SQLiteStore.Use) -> any Store { noneIsMade() }

        private func noneIsMade() -> Never {
            preconditionFailure("a build without PostgreSQL makes no configuration of it")
        }
    }

    /// Likewise: no text can be parsed as one.
    package struct PostgresAddress: Hashable, Sendable, CustomStringConvertible {
        package static let schemes = ["postgres://", "postgresql://"]

        init(parsing _: String) throws(ConfigurationError) { throw .builtWithoutPostgres }

        package var description: String { preconditionFailure("a build without PostgreSQL makes no address") }
    }

    extension ConfigurationError {
        /// The error for `--store postgres://…` in such a build.
        static var builtWithoutPostgres: ConfigurationError {
            ConfigurationError(
                "--store names PostgreSQL, and this program was built without it; build it with PostgreSQL by "
                    + "'scripts/build-release firnd firn' or 'swift build -c release'"
            )
        }
    }
#endif
