/// A configuration error: what is wrong, the value, and what to do. Exit code 78 (`EX_CONFIG`).
package struct ConfigurationError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
