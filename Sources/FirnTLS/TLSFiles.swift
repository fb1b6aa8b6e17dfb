#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// The files of a server's TLS, and who may connect.
package struct TLSFiles: Sendable, Equatable {
    /// The server's certificate in PEM form, followed by those of the authorities that signed it.
    package var certificate: String
    package var key: String
    /// The certificates of the authorities that sign clients' certificates; `nil`: clients need none.
    package var clientAuthority: String?
    /// Names that a client's certificate must have one of (SAN, DNS or URI); empty: all are allowed.
    package var allowedNames: Set<String> = []

    package init(certificate: String, key: String, clientAuthority: String?, allowedNames: Set<String>) {
        self.certificate = certificate
        self.key = key
        self.clientAuthority = clientAuthority
        self.allowedNames = allowedNames
    }

    /// Each file with the option that names it.
    var named: [(option: String, path: String)] {
        [("--tls-cert", certificate), ("--tls-key", key)] + (clientAuthority.map { [("--tls-client-ca", $0)] } ?? [])
    }
}

/// Why TLS cannot be had with these files: what is wrong, with which file, and what to do.
package struct TLSError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

extension TLSFiles {
    /// What shows that a file was replaced or rewritten, without reading it.
    struct Mark: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64

        /// `nil` when there is no such file.
        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            self.init(facts)
        }

        init(_ facts: stat) {
            device = UInt64(facts.st_dev)
            inode = UInt64(facts.st_ino)
            size = Int64(facts.st_size)
            seconds = Int64(facts.st_mtim.tv_sec)
            nanoseconds = Int64(facts.st_mtim.tv_nsec)
        }
    }

    /// The marks of all files now. Follows symbolic links, which Kubernetes replaces.
    var marks: [Mark?] { named.map { Mark($0.path) } }

    /// The contents of all files.
    struct Contents: Equatable, Sendable {
        var certificate: [UInt8]
        var key: [UInt8]
        var clientAuthority: [UInt8]?
    }

    /// Reads the files.
    func read() throws(TLSError) -> Contents {
        Contents(
            certificate: try Self.read(certificate, "--tls-cert"),
            key: try Self.read(key, "--tls-key", isSecret: true),
            clientAuthority: try clientAuthority.map { path throws(TLSError) in
                try Self.read(path, "--tls-client-ca")
            }
        )
    }

    /// A bundle of all public authorities has some 200 KiB.
    private static let maximumLength = 1024 * 1024

    private static func read(_ path: String, _ option: String, isSecret: Bool = false) throws(TLSError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw TLSError("\(option): \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw TLSError("\(option): \(path) is not a file")
        }
        if isSecret { try requireSecret(facts, path, option) }
        guard facts.st_size <= maximumLength else {
            throw TLSError(
                "\(option): \(path) has \(facts.st_size) bytes, more than \(maximumLength); is it the right one?"
            )
        }
        var bytes = [UInt8](repeating: 0, count: maximumLength)
        var length = 0
        while length < maximumLength {
            let count = bytes.withUnsafeMutableBytes {
                systemRead(descriptor, $0.baseAddress! + length, maximumLength - length)
            }
            guard count >= 0 else {
                throw TLSError("\(option): \(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { break }
            length += count
        }
        return Array(bytes[..<length])
    }

    /// PostgreSQL's rule: a key of this user is for nobody else; root may lend a key to a group.
    private static func requireSecret(_ facts: stat, _ path: String, _ option: String) throws(TLSError) {
        let mode = UInt32(facts.st_mode) & 0o777
        let forbidden: UInt32 = facts.st_uid == 0 ? 0o037 : 0o077
        guard mode & forbidden != 0 else { return }
        throw TLSError(
            "\(option): the private key \(path) has the mode 0\(String(mode, radix: 8)), so others can read it; make it 0600, "
                + "or 0640 if root owns it (in Kubernetes, defaultMode: 0440 and an fsGroup)"
        )
    }
}

/// The system call `read`, which the static function of the same name hides.
private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
