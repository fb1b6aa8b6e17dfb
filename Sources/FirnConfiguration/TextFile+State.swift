#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension TextFile {
    /// What changes when a file is written to, or when another one takes its place, as with a mounted secret of Kubernetes.
    ///
    /// This is not in firnd: where a dependency has loaded Foundation, Swift 6.3.1 may hold that `stat` is CoreFoundation's
    /// and not Glibc's, and refuse its members.
    package struct State: Equatable, Sendable {
        private var device: UInt64
        private var inode: UInt64
        private var size: Int64
        /// When the contents, and when anything of the file, were changed: seconds and nanoseconds of both.
        private var times: [Int]

        /// - Returns: `nil` if there is no such file, or if it cannot be reached.
        package init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            #if canImport(Darwin)
                let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
            #else
                let (modified, changed) = (status.st_mtim, status.st_ctim)
            #endif
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            times = [modified, changed].flatMap { [Int($0.tv_sec), Int($0.tv_nsec)] }
        }
    }
}
