package import FirnStore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where the daemons of a host record their grants: a file `granted-<n>` for each that runs at the same time.
///
/// A file outlives its daemon. The next daemon on the same store takes it over after it was compared with the store.
package struct StateDirectory: GrantStorage {
    package let path: String

    private static let prefix = "granted-"
    /// More daemons than ever run on a host: beyond this number, something else is wrong with the directory.
    static let maximumFiles = 4096
    let maximumFiles: Int

    /// - Throws: `.unwritable` if the directory does not exist and cannot be created.
    package init(path: String) throws(StoreError) {
        try self.init(path: path, maximumFiles: Self.maximumFiles)
    }

    init(path: String, maximumFiles: Int) throws(StoreError) {
        self.maximumFiles = maximumFiles
        self.path = try LocalPath.absolute(path)
        try LocalPath.makeDirectory(of: self.path + "/" + Self.prefix, option: "--state-dir")
    }

    /// A directory that exists already; nothing is created.
    package init(existing path: String) throws(StoreError) {
        maximumFiles = Self.maximumFiles
        self.path = try LocalPath.absolute(path)
    }

    /// All grants that are recorded here, of any store.
    ///
    /// - Throws: `.corrupt` for a file that was written and cannot be read.
    package func grants() throws(StoreError) -> [Grant] {
        var grants: [Grant] = []
        for number in try numbers() {
            let path = file(number)
            switch try GrantFile.content(path: path) {
            case .nothing: continue
            case .grant(let grant, _): grants.append(grant)
            case .damaged:
                throw StoreError(
                    code: .corrupt,
                    message: "the file \(path), in which a daemon remembered what it was granted, is damaged: compare "
                        + "the store with what you know (firn workers), then remove the file"
                )
            }
        }
        return grants
    }

    /// A file for a daemon on the store at `address`. No other daemon has it.
    package func takeSlot(address: UInt64) throws(StoreError) -> GrantFile {
        let present = try numbers()
        for number in present {
            if let file = try GrantFile.locked(path: file(number), address: address) { return file }
        }
        for number in 0..<maximumFiles where !present.contains(number) {
            guard let file = try GrantFile.locked(path: file(number), address: address) else { continue }
            // Otherwise a power loss could remove the new file's directory entry.
            let directory = open(path, O_RDONLY | O_CLOEXEC)
            if directory >= 0 {
                fsync(directory)
                close(directory)
            }
            return file
        }
        throw StoreError(
            code: .unwritable,
            message:
                "the state directory \(path) has \(maximumFiles) files \(Self.prefix)…, and the stores of all of them "
                + "are there, or were an hour ago, or are in etcd: remove those of stores that are gone (each has the name of its "
                + "store), or give --state-dir another directory"
        )
    }

    func file(_ number: Int) -> String {
        "\(path)/\(Self.prefix)\(number)"
    }

    /// The numbers of the existing files, in increasing order.
    func numbers() throws(StoreError) -> [Int] {
        guard let directory = opendir(path) else {
            throw StoreError(
                code: .unwritable,
                message: "cannot read the state directory \(path): \(String(cString: strerror(errno))); let this user "
                    + "read it, or give --state-dir another one"
            )
        }
        defer { closedir(directory) }
        var numbers: [Int] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(Self.prefix), let number = Int(name.dropFirst(Self.prefix.utf8.count)),
                (0..<maximumFiles).contains(number)
            else { continue }
            numbers.append(number)
        }
        return numbers.sorted()
    }
}
