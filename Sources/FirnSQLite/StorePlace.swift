internal import CSQLite
package import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a store's file is, and on which host. With it, a store can detect that it was copied, while the original may
/// still be in use.
///
///     place/1 path=/var/lib/firn/firn.db host=web-1 machine=… boot=… device=65024 inode=1312 born=1795221600000000000
package struct StorePlace: Hashable, Sendable {
    package var path: String
    package var host: String
    /// Digests of the host's `/etc/machine-id` and of its current boot; 0 if there is none, as in many containers.
    package var machine: UInt64
    package var boot: UInt64
    package var device: UInt64
    package var inode: UInt64
    /// When the file was created, in nanoseconds since 1970; 0 if the file system does not record it.
    package var born: UInt64

    package init(
        path: String,
        host: String,
        machine: UInt64,
        boot: UInt64,
        device: UInt64,
        inode: UInt64,
        born: UInt64
    ) {
        self.path = path
        self.host = host
        self.machine = machine
        self.boot = boot
        self.device = device
        self.inode = inode
        self.born = born
    }

    /// Why a file is a copy.
    package enum Difference: Hashable, Sendable {
        /// It is another file than the one that was used last.
        case anotherFile
        /// The same file, on another machine: a disk that was cloned, or moved.
        case anotherMachine
        /// The same file on another device at another path, while the host was not restarted: a volume that was cloned.
        case anotherDevice
        /// The same file on a machine that was restarted with another name: a machine that was cloned, or renamed.
        case anotherHost
    }

    /// Whether the file may be a copy of the one that `recorded` describes; nil: it is that one.
    ///
    /// Devices get other numbers after a restart or when a volume is attached again. Containers get other names, and
    /// often have no machine ID. Paths depend on where a file is mounted. So none of these is sufficient by itself.
    package func difference(from recorded: StorePlace) -> Difference? {
        if inode != recorded.inode || Self.differ(born, recorded.born) { return .anotherFile }
        if Self.differ(machine, recorded.machine) { return .anotherMachine }
        let isSameBoot = boot != 0 && boot == recorded.boot
        if isSameBoot, device != recorded.device, path != recorded.path { return .anotherDevice }
        if machine != 0, machine == recorded.machine, Self.differ(boot, recorded.boot), host != recorded.host {
            return .anotherHost
        }
        return nil
    }

    private static func differ(_ one: UInt64, _ other: UInt64) -> Bool { one != 0 && other != 0 && one != other }

    // MARK: - As text

    package var text: String {
        var record = RecordText(kind: "place", version: 1)
        record.append("path", path)
        record.append("host", host)
        record.append("machine", token: machine)
        record.append("boot", token: boot)
        record.append("device", device)
        record.append("inode", inode)
        record.append("born", born)
        return record.text
    }

    /// Throws `.corrupt` or `.newerFormat` for any text that it would not have written itself.
    package init(text: String) throws(StoreError) {
        var reader = try RecordReader(key: "place", text: text, kind: "place", version: 1)
        path = try reader.string("path")
        host = try reader.string("host")
        machine = try reader.token("machine")
        boot = try reader.token("boot")
        device = try reader.number("device")
        inode = try reader.number("inode")
        born = try reader.number("born")
        try reader.end()
    }

    // MARK: - Of this host

    /// Where the file at `path` is now.
    init(ofFileAt path: String) {
        var status = stat()
        let isThere = stat(path, &status) == 0
        self.init(
            path: path,
            host: Self.hostName,
            machine: Self.digest(ofFileAt: "/etc/machine-id"),
            boot: Self.digest(ofFileAt: "/proc/sys/kernel/random/boot_id"),
            device: isThere ? UInt64(truncatingIfNeeded: status.st_dev) : 0,
            inode: isThere ? UInt64(status.st_ino) : 0,
            born: UInt64(max(0, csqlite_file_birth(path)))
        )
    }

    /// Identifies the current boot of this machine, and so its clock: all its containers have the same one. nil where the
    /// system does not tell.
    package static var currentBoot: UInt64? {
        let digest = digest(ofFileAt: "/proc/sys/kernel/random/boot_id")
        return digest == 0 ? nil : digest
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// 0 if there is no such file, or if it does not contain a number yet (machine-id(5)).
    private static func digest(ofFileAt path: String) -> UInt64 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        let word = bytes.prefix(max(0, count)).prefix { $0 > 0x20 }
        let isNumber = word.count >= 32 && word.allSatisfy { $0 == UInt8(ascii: "-") || isHexadecimal($0) }
        return isNumber ? Grant.digest(String(decoding: word, as: UTF8.self)) : 0
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Character(Unicode.Scalar(byte)).isHexDigit
    }
}

extension StorePlace {
    /// The path and the host, for messages to people.
    package var description: String { "\(path) on host \(host)" }
}
