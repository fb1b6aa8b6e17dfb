#if !Etcd
    internal import FirnStore

    /// What a build without the trait Etcd has in place of `FirnEtcd`'s configuration: a type without values, so that no
    /// other file has to know which build this is.
    package enum EtcdConfiguration: Sendable {
        package init(_: [EtcdEndpoint], _: EtcdOptions, window: Duration?) throws(ConfigurationError) {
            throw .builtWithoutEtcd
        }

        package var keyPrefix: String { switch self {} }
        package var notices: [String] { switch self {} }

        func makeStore() -> any Store { switch self {} }
    }

    /// Likewise: no text is one.
    package enum EtcdEndpoint: Hashable, Sendable, CustomStringConvertible {
        init?(_: Substring) { nil }

        package var description: String { switch self {} }
    }

    extension ConfigurationError {
        /// `--store etcd:…` asked of a build that lacks it.
        static var builtWithoutEtcd: ConfigurationError {
            ConfigurationError(
                "--store names etcd, and this program was built without it; build it with etcd by "
                    + "'scripts/build-release firnd firn' or 'swift build -c release'"
            )
        }
    }
#endif
