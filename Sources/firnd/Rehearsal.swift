internal import FirnEngine
internal import FirnLayout

/// The start, short of claiming: what `--check` does. Whatever a start would look at is looked at by the same code, and
/// nothing is made, changed or taken.
///
/// What may be otherwise in a moment is a note and no refusal: a daemon that serves at this address, which the one that is
/// checked may be about to replace. etcd is not asked, nor is it found out whether a worker is free.
struct Rehearsal {
    private let configuration: Configuration

    init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// - Returns: what the reader should know.
    /// - Throws: what the start would, with the exit code that it has there.
    func run() throws -> [String] {
        var notes: [String] = []
        let source = SystemTimeSource(wallOffset: configuration.clockOffset)
        if let time = ClockWait.unsetTime(source) {
            notes.append("the wall clock says \(time) and was not set; a daemon waits until it is")
        } else {
            try LayoutSpan.check(configuration.layout, wallNanoseconds: source.wallNanoseconds())
        }
        return notes
    }
}
