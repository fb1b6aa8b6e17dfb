internal import DequeModule

/// Lines on their way to a reader that may stand still: a line in it waits, and a line that finds no room is counted.
///
/// Pure: no thread and no descriptor. The oldest lines are kept, as they say how a trouble began. Once a line was dropped,
/// the queue takes none until it is half empty, so that the log says "dropped" once for a trouble and not once for a line.
struct LogQueue {
    enum Entry: Equatable {
        case line([UInt8])
        /// So many lines are missing here.
        case dropped(UInt64)
    }

    /// What the reader of a busy log may be behind: some minutes of a daemon's warnings.
    static let maximumLines = 1000
    static let maximumBytes = 256 * 1024

    private var entries = Deque<Entry>()
    private var lines = 0
    private var bytes = 0
    private var isDropping = false
    /// Lines that were dropped since the start.
    private(set) var droppedInAll: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }

    /// Puts a line at the end, or counts it.
    mutating func append(_ line: [UInt8]) {
        if isDropping { isDropping = lines > Self.maximumLines / 2 || bytes > Self.maximumBytes / 2 }
        // A line longer than all that may wait is taken where nothing waits.
        let fits = lines < Self.maximumLines && (lines == 0 || bytes + line.count <= Self.maximumBytes)
        guard !isDropping, fits else {
            isDropping = true
            droppedInAll += 1
            if case .dropped(let count)? = entries.last {
                entries[entries.count - 1] = .dropped(count + 1)
            } else {
                entries.append(.dropped(1))
            }
            return
        }
        entries.append(.line(line))
        lines += 1
        bytes += line.count
    }

    /// Takes the first entry.
    mutating func next() -> Entry? {
        guard let entry = entries.popFirst() else { return nil }
        if case .line(let line) = entry {
            lines -= 1
            bytes -= line.count
        }
        if entries.isEmpty { entries = [] }
        return entry
    }

    /// Takes back what could not be written.
    mutating func putBack(_ entry: Entry) {
        switch entry {
        case .line(let line):
            lines += 1
            bytes += line.count
            entries.prepend(entry)
        case .dropped(let count):
            if case .dropped(let more)? = entries.first {
                entries[0] = .dropped(count + more)
            } else {
                entries.prepend(entry)
            }
        }
    }
}
