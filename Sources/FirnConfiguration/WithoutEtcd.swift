#if !Etcd
    internal import FirnStore

    /// Replaces `FirnEtcd`'s configuration in a build without the trait Etcd, so that other files need no conditions.
    /// No value of this type can be created.
    package struct EtcdConfiguration: Sendable {
        package init(_: [EtcdEndpoint], _: EtcdOptions, window: Duration?) throws(ConfigurationError) {
            throw .builtWithoutEtcd
        }

        package var keyPrefix: String { noneIsMade() }
        package var notices: [String] { noneIsMade() }
        package var timeout: Duration { noneIsMade() }

        func makeStore() -> any Store { noneIsMade() }

        private func noneIsMade() -> Never {
            preconditionFailure("a build without etcd makes no configuration of it")
        }
    }

    /// Likewise: no text can be parsed as one.
    package struct EtcdEndpoint: Hashable, Sendable, CustomStringConvertible {
        init?(_: Substring) { nil }

        package var description: String { preconditionFailure("a build without etcd makes no endpoint") }
    }

    extension ConfigurationError {
        /// The error for `--store etcd:…` in such a build.
        static var builtWithoutEtcd: ConfigurationError {
            ConfigurationError(
                "--store names etcd, and this program was built without it; build it with etcd by "
                    + "'scripts/build-release firnd firn' or 'swift build -c release'"
            )
        }
    }
#endif
