internal import FirnConfiguration

/// How this program was built: the labels of `firn_build_info`.
enum BuildInfo {
    static var labels: [(String, String)] {
        [
            ("version", FirnVersion.text), ("configuration", configuration), ("arch", architecture),
            ("traits", traits.joined(separator: ",")),
        ]
    }

    private static var configuration: String {
        #if DEBUG
            "debug"
        #else
            "release"
        #endif
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "other"
        #endif
    }

    /// The package traits that decide which stores and protocols the program has.
    private static var traits: [String] {
        var traits: [String] = []
        #if Etcd
            traits.append("Etcd")
        #endif
        #if GRPC
            traits.append("GRPC")
        #endif
        #if Postgres
            traits.append("Postgres")
        #endif
        #if TLS
            traits.append("TLS")
        #endif
        #if Upstream
            traits.append("Upstream")
        #endif
        return traits
    }
}
