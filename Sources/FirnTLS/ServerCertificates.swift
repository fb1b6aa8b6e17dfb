#if TLS
    package import FirnNIO
    package import FirnServer
    package import Logging
    internal import NIOCore
    internal import NIOSSL
    internal import Synchronization

    /// The certificate of the daemon's TLS, which is replaced when its files are. New connections get the present one;
    /// open connections keep theirs.
    package final class ServerCertificates: Sendable {
        private struct Current {
            var contexts: [Door: NIOSSLContext]
            var contents: TLSFiles.Contents
            var expiryUnixSeconds: Int64
        }

        /// What is known of the files since they were last read.
        private struct Watch {
            /// The marks of the files that were last read.
            var read: [TLSFiles.Mark?]
            /// Marks that differed from these at the last look.
            var seen: [TLSFiles.Mark?]?
        }

        package let meter: TLSMeter
        let files: TLSFiles
        let logger: Logger
        private let doors: [Door]
        private let current: Mutex<Current>
        private let watch: Mutex<Watch>

        /// Reads the files.
        ///
        /// - Parameter doors: the doors that have TLS.
        package init(_ files: TLSFiles, doors: [Door], meter: TLSMeter, logger: Logger) throws(TLSError) {
            self.files = files
            self.doors = doors
            self.meter = meter
            self.logger = logger
            watch = Mutex(Watch(read: files.marks))
            current = Mutex(try Self.current(TLSMaterial(files), doors))
        }

        private static func current(_ material: TLSMaterial, _ doors: [Door]) throws(TLSError) -> Current {
            var contexts: [Door: NIOSSLContext] = [:]
            for door in doors { contexts[door] = try material.context(for: door) }
            return Current(
                contexts: contexts,
                contents: material.contents,
                expiryUnixSeconds: material.expiryUnixSeconds
            )
        }

        func context(for door: Door) -> NIOSSLContext? {
            current.withLock { $0.contexts[door] }
        }

        package var reading: TLSReading {
            meter.reading(doors: doors, expiryUnixSeconds: current.withLock { $0.expiryUnixSeconds })
        }

        // MARK: - Files that change

        /// Whether the files should be read again: they changed, and did not change since the last look. So a
        /// certificate is not read before its key is replaced too. To be called once per second; costs a system call
        /// for each file.
        package var haveChanged: Bool {
            let marks = files.marks
            return watch.withLock { watch in
                defer { watch.seen = marks == watch.read ? nil : marks }
                return marks != watch.read && marks == watch.seen
            }
        }

        /// Reads the files again, and uses what is in them from the next connection on.
        ///
        /// - Returns: whether they contain something else than before.
        /// - Throws: ``TLSError`` when they cannot be used or do not fit together; the certificate before stays.
        @discardableResult
        package func reload() throws(TLSError) -> Bool {
            // Before reading: a change during it is seen as another one.
            watch.withLock { $0 = Watch(read: files.marks) }
            let contents = try files.read()
            guard contents != current.withLock({ $0.contents }) else { return false }
            let material = try TLSMaterial(files, contents)
            let new = try Self.current(material, doors)
            current.withLock { $0 = new }
            for warning in material.warnings(nowUnixSeconds: TLSMaterial.nowUnixSeconds) {
                logger.warning("\(warning)")
            }
            return true
        }

        /// Reads the files again because they changed, and logs what came of it.
        package func reloadChanged() {
            do throws(TLSError) {
                guard try reload() else { return }
                logger.notice(
                    "the TLS certificate was replaced; new connections get it",
                    metadata: ["certificate": "\(files.certificate)"]
                )
            } catch {
                logger.error(
                    "the TLS files were changed and cannot be used; the certificate before stays",
                    metadata: ["error": "\(error)"]
                )
            }
        }

        // MARK: - Connections

        /// What gives the connections of a door TLS.
        ///
        /// - Parameter handshakeTimeout: how long a handshake may take.
        package func security(of door: Door, handshakeTimeout: Duration) -> ChannelSecurity {
            precondition(doors.contains(door), "a door has TLS from the start or never")
            let timeout = TimeAmount(handshakeTimeout)
            return ChannelSecurity { [self] channel in
                guard let context = context(for: door) else { preconditionFailure("each door has a context") }
                let tls = NIOSSLServerHandler(context: context)
                try channel.pipeline.syncOperations.addHandlers([
                    tls, HandshakeHandler(tls, door: door, certificates: self, timeout: timeout),
                ])
            }
        }
    }
#endif
