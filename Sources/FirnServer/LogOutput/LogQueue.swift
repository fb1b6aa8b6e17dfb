internal import DequeModule

/// Log lines that wait for a reader, which may stop reading. A line that does not fit is dropped and counted.
///
/// Pure: no thread and no descriptor. The oldest lines are kept, because they show how a problem began. After a line
/// was dropped, the queue accepts none until it is half empty, so that the log reports dropped lines once per problem
/// and not once per line.
struct LogQueue {
    enum Entry: Equatable {
        case line([UInt8])
        /// This number of lines is missing here.
        case dropped(UInt64)
    }

    /// How far the reader of a busy log may be behind: some minutes of a daemon's warnings.
    static let maximumLines = 1000
    static let maximumBytes = 256 * 1024

    private var entries = Deque<Entry>()
    private var lines = 0
    private var bytes = 0
    private var isDropping = false
    /// Lines that were dropped since the start.
    private(set) var droppedInAll: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }

    /// Appends a line, or counts it as dropped.
    mutating func append(_ line: [UInt8]) {
        if isDropping { isDropping = lines > Self.maximumLines / 2 || bytes > Self.maximumBytes / 2 }
        // A line that is longer than the maximum is accepted when the queue is empty.
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

    /// Puts back an entry that could not be written.
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
