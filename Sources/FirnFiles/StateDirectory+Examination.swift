package import FirnStore

extension StateDirectory {
    /// The room in KiB that a start needs: a file for each store.
    private static let roomKiB: UInt64 = 4

    /// Looks at the directory, or at where it would be made, and changes nothing.
    ///
    /// - Returns: whether it is there.
    /// - Throws: what a daemon would, that has to remember there.
    package static func examine(path: String) throws(StoreError) -> Bool {
        let path = try LocalPath.absolute(path)
        guard try LocalPath.examineDirectory(of: path + "/granted-0", option: "--state-dir") else { return false }
        try LocalPath.requireWritable(path, option: "--state-dir")
        try LocalPath.requireRoom(path, Self.roomKiB, option: "--state-dir")
        _ = try StateDirectory(existing: path).grants()
        return true
    }
}
