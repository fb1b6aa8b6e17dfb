package import ArgumentParser

/// The options for PostgreSQL, with `--store postgres://…`, which has most of them in itself.
package struct PostgresOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The longest that one call takes. Default: 2s, or a third of the window if that is less.",
            valueName: "duration"
        ),
        transform: DurationText.init(parsing:)
    )
    package var postgresTimeout: DurationText?

    package init() {}
}

extension PostgresOptions {
    /// Refuses options that would have no effect.
    package func requireNone() throws(ConfigurationError) {
        guard postgresTimeout != nil else { return }
        throw ConfigurationError(
            "--postgres-timeout needs --store postgres://HOST/DATABASE; without it, it would have no effect"
        )
    }
}
