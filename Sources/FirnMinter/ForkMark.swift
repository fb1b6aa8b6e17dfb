internal import Glibc
internal import Synchronization

/// Tells a process from its children made by `fork`.
///
/// A child has a copy of its parent's memory, and with it of the parent's worker and position: what it minted would be what
/// its parent mints. The mark is a word on a page that the kernel empties in every child (madvise(2), MADV_WIPEONFORK; since
/// Linux 4.14), whatever call made it.
///
/// Sendable, because the page is written once, before anybody else has the mark, and only read after that.
final class ForkMark: @unchecked Sendable {
    private let page: UnsafeMutableRawPointer
    private let size = Int(sysconf(Int32(_SC_PAGESIZE)))

    private static let present: UInt64 = 1

    /// Traps when the system has no page, or cannot empty it in a child: without that, IDs could be given twice.
    init() {
        let page = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let page, page != MAP_FAILED, madvise(page, size, MADV_WIPEONFORK) == 0 else {
            preconditionFailure("a minter needs a page of memory that a forked child finds empty: Linux 4.14 or later")
        }
        self.page = page
        page.storeBytes(of: Self.present, as: UInt64.self)
    }

    deinit {
        munmap(page, size)
    }

    /// Whether this process is a child of the one that made the mark. One load.
    @inline(__always)
    var isForked: Bool { page.load(as: UInt64.self) != Self.present }
}
