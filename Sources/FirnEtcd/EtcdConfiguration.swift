/// How to reach an etcd cluster.
package struct EtcdConfiguration: Sendable {
    /// At least one; each call begins with the one that answered last.
    package var endpoints: [EtcdEndpoint]

    /// What all keys begin with, so that Firn can share a cluster. Daemons with the same prefix are one cluster.
    package var keyPrefix = "/firn/"

    /// The longest that a call takes, whatever the number of endpoints. Two seconds are long for a healthy etcd, which
    /// answers in milliseconds, and short compared to a window of a minute.
    package var timeout = Duration.seconds(2)

    /// `nil`: without encryption.
    package var tls: TLS?

    /// `nil`: without a user.
    package var credentials: Credentials?

    package init(endpoints: [EtcdEndpoint]) {
        precondition(!endpoints.isEmpty, "a cluster has at least one endpoint")
        self.endpoints = endpoints
    }

    /// Files in PEM form. They are read for every new connection, so that certificates can be renewed in place.
    package struct TLS: Sendable {
        /// The authorities that may have signed the server's certificate. `nil`: the system's.
        package var authoritiesPath: String?
        /// This client's certificate, followed by the intermediate certificates, and its key.
        package var certificate: Certificate?
        /// The name that the server's certificate must contain. `nil`: the endpoint's host.
        package var serverName: String?

        package struct Certificate: Sendable {
            package var path: String
            package var keyPath: String

            package init(path: String, keyPath: String) {
                self.path = path
                self.keyPath = keyPath
            }
        }

        package init() {}
    }

    package struct Credentials: Sendable {
        package var user: String
        /// Read for every new token, so that a password can be changed or corrected in place.
        package var readPassword: @Sendable () throws -> String

        package init(user: String, readPassword: @escaping @Sendable () throws -> String) {
            self.user = user
            self.readPassword = readPassword
        }

        package init(user: String, password: String) {
            self.init(user: user) { password }
        }
    }
}
