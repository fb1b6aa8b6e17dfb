#if !Etcd
    internal import FirnStore

    /// What a build without the trait Etcd has in place of `FirnEtcd`'s configuration, so that no other file has to know
    /// which build this is. None can be made.
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

    /// Likewise: no text is one.
    package struct EtcdEndpoint: Hashable, Sendable, CustomStringConvertible {
        init?(_: Substring) { nil }

        package var description: String { preconditionFailure("a build without etcd makes no endpoint") }
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
