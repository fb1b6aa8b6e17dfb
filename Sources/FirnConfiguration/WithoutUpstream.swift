#if !Upstream
    internal import FirnStore

    /// Replaces `FirnUpstream`'s configuration in a build without the trait Upstream, so that other files need no
    /// conditions. No value of this type can be created.
    package struct UpstreamConfiguration: Sendable {
        package init(_: [DaemonAddress], _: UpstreamOptions, window: Duration?) throws(ConfigurationError) {
            throw .builtWithoutUpstream
        }

        package var timeout: Duration { noneIsMade() }

        func makeStore() -> any Store { noneIsMade() }

        private func noneIsMade() -> Never {
            preconditionFailure("a build without the trait Upstream makes no configuration of it")
        }
    }

    /// Likewise: no text can be parsed as one.
    package struct DaemonAddress: Hashable, Sendable, CustomStringConvertible {
        package var description: String { preconditionFailure("a build without the trait Upstream makes no address") }
    }

    extension ConfigurationError {
        /// The error for `--store firn:…` in such a build.
        static var builtWithoutUpstream: ConfigurationError {
            ConfigurationError(
                "--store names other daemons, and this program was built without that; build it with the trait Upstream by "
                    + "'scripts/build-release firnd firn' or 'swift build -c release'"
            )
        }
    }
#endif
