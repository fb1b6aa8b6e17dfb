internal import Glibc
internal import Synchronization

/// Whether a minter is open, was closed, or is a copy in a child of the process that made it. One load tells.
///
/// A child made by `fork` has a copy of its parent's memory, and with it of the parent's worker and position: what it minted
/// would be what its parent mints. The mark is a word on a page that the kernel empties in every child (madvise(2),
/// MADV_WIPEONFORK; since Linux 4.14), whatever call made it.
///
/// Sendable, because its pointer never changes, and the word behind it is accessed only by its atomic operations; the page is
/// returned by `deinit`, when no reference is left.
package final class LifeMark: @unchecked Sendable {
    private let page: UnsafeMutableRawPointer
    private let word: UnsafeMutablePointer<Atomic<UInt64>>
    private let size = Int(sysconf(Int32(_SC_PAGESIZE)))

    private static let open: UInt64 = 1
    private static let closed: UInt64 = 2

    /// Traps when the system has no page, or cannot empty it in a child: without that, IDs could be given twice.
    package init() {
        let page = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let page, page != MAP_FAILED, madvise(page, size, MADV_WIPEONFORK) == 0 else {
            preconditionFailure("a minter needs a page of memory that a forked child finds empty: Linux 4.14 or later")
        }
        self.page = page
        word = page.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        word.initialize(to: Atomic(Self.open))
    }

    deinit {
        munmap(page, size)
    }

    /// Whether this is the process that made the mark, and it was not closed.
    @inline(__always)
    var isOpen: Bool { word.pointee.load(ordering: .relaxed) == Self.open }

    /// Whether this process is a child of the one that made the mark.
    package var isForked: Bool { word.pointee.load(ordering: .relaxed) == 0 }

    /// - Returns: whether it was open.
    func close() -> Bool {
        word.pointee.compareExchange(expected: Self.open, desired: Self.closed, ordering: .acquiringAndReleasing)
            .exchanged
    }
}
