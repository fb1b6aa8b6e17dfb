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
/// Behind them is a copy of each, so that a place that is damaged later, with its grant in use, is not taken for one whose
/// write did not end. It is written in place and not replaced with a rename, because the lock belongs to the file, and
/// because this needs one sync and not two: all of it is in one page.
package final class GrantFile: GrantSlot {
    /// A sector of every disk, and the length of the longest grant.
    static let placeLength = 512
    /// Two places and their copies. Firn before 0.1 wrote no copies, and reads files that have them.
    static let fileLength = 4 * placeLength
    /// The end of each place, in a file that is written with copies.
    private static let mark = "twice\n"

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
        var bytes = [UInt8](repeating: 0, count: fileLength)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw failure("read", path) }
        return content(Array(bytes.prefix(count)), path)
    }

    /// The content of a file with these bytes. It never has an earlier grant than the last one whose write ended, if one
    /// place is damaged or the file was cut short; only an empty file is one that was never written.
    static func content(_ bytes: [UInt8], _ path: String) -> Content {
        if bytes.isEmpty { return .nothing }
        // A write leaves whole places.
        guard bytes.count % placeLength == 0 || bytes.count >= 2 * placeLength else { return .damaged }
        let places = stride(from: 0, to: bytes.count, by: placeLength).map {
            bytes[$0..<min($0 + placeLength, bytes.count)]
        }
        var best: (grant: Grant, serial: UInt64)?
        for place in places {
            let text = String(decoding: place.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard let found = try? Grant.parsed(text, path: path) else { continue }
            if found.serial > best?.serial ?? 0 { best = found }
        }
        if let best {
            // The other place was there, and may have had the last grant.
            let hadCopies = places[0].suffix(mark.utf8.count).elementsEqual(mark.utf8)
            let isCut = places.count == 1 && (best.serial > 1 || hadCopies)
            return isCut ? .damaged : .grant(best.grant, serial: best.serial)
        }
        // The very first write may have been interrupted. The other place has nothing then.
        let hasOther = places.enumerated().contains { index, place in
            index % 2 == 1 && place.contains { $0 != 0 && $0 != UInt8(ascii: " ") }
        }
        return hasOther ? .damaged : .nothing
    }

    /// Writes the grant, durably.
    package func write(_ grant: Grant) throws(StoreError) {
        try lastSerial.withLock { last throws(StoreError) in
            let bytes = Self.place(grant, serial: last + 1)
            let place = Int(last % 2) * Self.placeLength
            let isWritten =
                last == 0
                ? writeAll(Self.firstBytes(bytes), at: 0)
                : writeAll(bytes, at: place) && writeAll(bytes, at: place + 2 * Self.placeLength)
            guard isWritten, fdatasync(descriptor) == 0 else { throw Self.failure("write", path) }
            last += 1
        }
    }

    /// A place with this grant.
    static func place(_ grant: Grant, serial: UInt64) -> [UInt8] {
        var bytes = Array(grant.text(serial: serial).utf8) + [UInt8(ascii: "\n")]
        precondition(
            bytes.count + mark.utf8.count <= placeLength,
            "a grant's numbers have at most 20 digits each, its names 74 and 100 bytes"
        )
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: placeLength - bytes.count - mark.utf8.count)
        return bytes + mark.utf8
    }

    /// The whole file, so that one that was cut short is not taken for a new one.
    private static func firstBytes(_ place: [UInt8]) -> [UInt8] {
        let blank = [UInt8](repeating: UInt8(ascii: " "), count: placeLength)
        return place + blank + place + blank
    }

    private func writeAll(_ bytes: [UInt8], at offset: Int) -> Bool {
        pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count
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
