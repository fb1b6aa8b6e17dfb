package import FirnStore

/// Where workers and windows are kept, as `--store` says it to the daemon and to the command.
package enum StoreLocation: Equatable, CustomStringConvertible {
    case sqlite(path: String)
    case memory

    package init(parsing text: String) throws(ConfigurationError) {
        if text == "memory" {
            self = .memory
        } else if text.hasPrefix("sqlite:"), text != "sqlite:" {
            self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
        } else {
            throw ConfigurationError(
                "--store is '\(text)'; write sqlite:PATH, or memory for IDs that need not outlive the daemon"
            )
        }
    }

    package var description: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .memory: "memory"
        }
    }

    /// The same store by the same name from any working directory.
    package var name: String {
        switch self {
        case .sqlite(let path): "sqlite:\((try? SQLiteStore.absolute(path)) ?? path)"
        case .memory: description
        }
    }

    /// Opens the store.
    ///
    /// - Parameter mayMake: Whether to make it where it is missing. Else that throws `.missing`.
    package func open(mayMake: Bool = true) throws(StoreError) -> any Store {
        switch self {
        case .memory: MemoryStore()
        case .sqlite(let path): try SQLiteStore(path: path, mayMake: mayMake)
        }
    }
}
