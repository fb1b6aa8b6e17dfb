internal import CPostgres

/// libpq, which is loaded at the first use.
enum PostgresLibrary {
    /// - Throws: why it cannot be loaded, and what to do.
    static func functions() throws(PostgresAddressError) -> UnsafePointer<cpostgres> {
        guard let functions = cpostgres_library() else {
            throw PostgresAddressError(
                "PostgreSQL is reached through the library libpq, which cannot be loaded "
                    + "(\(String(cString: cpostgres_load_error()))); install it: 'apt-get install libpq5'"
            )
        }
        return functions
    }
}
