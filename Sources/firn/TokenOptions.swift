internal import ArgumentParser
internal import FirnConfiguration

/// The token that the daemon is shown.
enum TokenOptions {
    /// The token of `--token-file`, else of `FIRN_TOKEN`, else of the file that `FIRN_TOKEN_FILE` names; `nil`: none.
    static func token(file: String?, environment: Environment) throws(ConfigurationError) -> String? {
        if let file { return try ClientToken.read(path: file) }
        if let text = environment["FIRN_TOKEN"] {
            guard ClientToken.isToken(text) else {
                throw ConfigurationError("FIRN_TOKEN is no token: it has \(ClientToken.lengths) of printable ASCII")
            }
            return text
        }
        return try environment["FIRN_TOKEN_FILE"].map { path throws(ConfigurationError) in
            try ClientToken.read(path: path)
        }
    }
}
