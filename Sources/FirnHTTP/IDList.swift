internal import FirnLayout
internal import NIOCore

/// `{"ids":["…","…"]}` of runs, written piece by piece: a batch is held as the few numbers that it is, and only as much
/// of its text as the peer's connection takes.
struct IDList {
    private let name: String
    private let runs: [Run]
    private let format: IDFormat
    private var run = 0
    private var index = 0
    private var isStarted = false
    private(set) var isFinished = false

    /// Bytes after which a piece ends.
    static let pieceLength = 16 * 1024

    /// - Parameter name: of the one member of the object.
    init(_ name: String, _ runs: [Run], format: IDFormat = .decimal) {
        self.name = name
        self.runs = runs
        self.format = format
    }

    /// Writes the next piece.
    mutating func writePiece(to buffer: inout ByteBuffer) {
        let end = buffer.writerIndex + Self.pieceLength
        if !isStarted {
            isStarted = true
            buffer.writeString("{\"\(name)\":[")
        }
        while run < runs.count {
            while index < runs[run].endIndex {
                guard buffer.writerIndex < end else { return }
                buffer.writeString(run == 0 && index == 0 ? "\"" : ",\"")
                buffer.writeString(runs[run][index].formatted(format))
                buffer.writeString("\"")
                index += 1
            }
            run += 1
            index = 0
        }
        buffer.writeString("]}")
        isFinished = true
    }
}
