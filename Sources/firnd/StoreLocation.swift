/// Where workers and windows are kept.
enum StoreLocation: Equatable, CustomStringConvertible {
    case sqlite(path: String)
    case memory

    init(parsing text: String) throws(ConfigurationError) {
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

    var description: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .memory: "memory"
        }
    }
}
