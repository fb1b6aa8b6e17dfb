package import FirnStore

extension StateDirectory {
    /// The room in KiB that a start needs: a file for each store.
    private static let roomKiB: UInt64 = 4

    /// Examines the directory, or the place where it would be created, and changes nothing.
    ///
    /// - Returns: whether it exists.
    /// - Throws: the errors that a daemon with this directory would get.
    package static func examine(path: String) throws(StoreError) -> Bool {
        let path = try LocalPath.absolute(path)
        guard try LocalPath.examineDirectory(of: path + "/granted-0", option: "--state-dir") else { return false }
        try LocalPath.requireWritable(path, option: "--state-dir")
        try LocalPath.requireRoom(path, Self.roomKiB, option: "--state-dir")
        _ = try StateDirectory(existing: path).grants()
        return true
    }
}
