package import FirnStore
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One daemon's ``Grant`` on the disk, locked until the daemon ends.
///
/// The file has two places, written in turn: a power loss damages the one that was being written and leaves the other.
/// It is written in place and not replaced with a rename, because the lock belongs to the file, and because this needs
/// one sync and not two.
package final class GrantFile: GrantSlot {
    /// A sector of every disk, and twice the length of a grant.
    static let placeLength = 512

    package let path: String
    /// The grant of the daemon that had the file before.
    package let inherited: Grant?
    private let descriptor: Int32
    private let lastSerial: Mutex<UInt64>

    private init(path: String, descriptor: Int32, inherited: Grant?, lastSerial: UInt64) {
        self.path = path
        self.inherited = inherited
        self.descriptor = descriptor
        self.lastSerial = Mutex(lastSerial)
    }

    deinit {
        close(descriptor)
    }

    /// The content of a file.
    enum Content: Equatable {
        /// No write was ever completed.
        case nothing
        case grant(Grant, serial: UInt64)
        case damaged
    }

    /// Opens the file, creates it if necessary, and locks it.
    ///
    /// - Returns: nil if another process has locked it, or if it is for another store than the one at `address`.
    static func locked(path: String, address: UInt64) throws(StoreError) -> GrantFile? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw failure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isAt(path, descriptor) else {
            close(descriptor)
            return nil
        }
        switch try content(descriptor, path) {
        case .nothing:
            return GrantFile(path: path, descriptor: descriptor, inherited: nil, lastSerial: 0)
        case .grant(let grant, let serial) where grant.address == address:
            return GrantFile(path: path, descriptor: descriptor, inherited: grant, lastSerial: serial)
        default:
            close(descriptor)
            return nil
        }
    }

    /// The content of the file; `.nothing` if it was removed in the meantime.
    static func content(path: String) throws(StoreError) -> Content {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return .nothing }
            throw failure("open", path)
        }
        defer { close(descriptor) }
        return try content(descriptor, path)
    }

    /// Whether it is still the file at `path`: it may have been removed before it was locked.
    static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
        var (there, here) = (stat(), stat())
        return lstat(path, &there) == 0 && fstat(descriptor, &here) == 0 && there.st_dev == here.st_dev
            && there.st_ino == here.st_ino
    }

    static func content(_ descriptor: Int32, _ path: String) throws(StoreError) -> Content {
        var bytes = [UInt8](repeating: 0, count: 2 * placeLength)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw failure("read", path) }
        var best: (grant: Grant, serial: UInt64)?
        for place in 0..<2 {
            let piece = bytes[min(count, place * placeLength)..<min(count, (place + 1) * placeLength)]
            let text = String(decoding: piece.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard let found = try? Grant.parsed(text, path: path) else { continue }
            if found.serial > best?.serial ?? 0 { best = found }
        }
        if let best { return .grant(best.grant, serial: best.serial) }
        // The very first write may have been interrupted.
        return count <= placeLength ? .nothing : .damaged
    }

    /// Writes the grant, durably.
    package func write(_ grant: Grant) throws(StoreError) {
        try lastSerial.withLock { last throws(StoreError) in
            var bytes = Array(grant.text(serial: last + 1).utf8) + [UInt8(ascii: "\n")]
            precondition(
                bytes.count <= Self.placeLength,
                "a grant's numbers have at most 20 digits each, its names 74 and 100 bytes"
            )
            bytes += [UInt8](repeating: UInt8(ascii: " "), count: Self.placeLength - bytes.count - 1)
            bytes.append(UInt8(ascii: "\n"))
            let place = off_t(last % 2) * off_t(Self.placeLength)
            guard pwrite(descriptor, bytes, bytes.count, place) == bytes.count, fdatasync(descriptor) == 0 else {
                throw Self.failure("write", path)
            }
            last += 1
        }
    }

    private static func failure(_ what: String, _ path: String) -> StoreError {
        StoreError(
            code: .unwritable,
            message:
                "cannot \(what) \(path) in the state directory: \(String(cString: strerror(errno))); let this user "
                + "write there, give --state-dir another directory, or 'none' to do without"
        )
    }
}
