/// The version that `firnd --version`, `firn --version` and Describe report.
package enum FirnVersion {
    package static let text = "0.1.0"
}
