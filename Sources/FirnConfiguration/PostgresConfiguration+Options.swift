#if Postgres
    package import FirnPostgres
    internal import FirnSQLite
    internal import FirnStore

    extension PostgresConfiguration {
        /// - Parameter window: The daemon's window, because a call must end well before it does; nil for a command.
        package init(
            _ address: PostgresAddress,
            _ options: PostgresOptions,
            window: Duration?
        ) throws(ConfigurationError) {
            self.init(address)
            let third = window.map { $0 / 3 } ?? .seconds(3600)
            guard let text = options.postgresTimeout else {
                timeout = min(timeout, third)
                return
            }
            guard let timeout = text.value, timeout <= third else {
                throw ConfigurationError(
                    "--postgres-timeout is \(text.defaultValueDescription); choose up to a third of the --window, which is "
                        + "\(third * 3): a write has to be tried again before it ends"
                )
            }
            self.timeout = timeout
        }

        func makeStore(for use: SQLiteStore.Use) -> any Store {
            switch use {
            case .make: PostgresStore(self, for: .make)
            case .write: PostgresStore(self, for: .write)
            case .read: PostgresStore(self, for: .read)
            }
        }
    }
#endif
