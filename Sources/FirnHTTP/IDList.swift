internal import FirnLayout
internal import NIOCore

/// `{"ids":["…","…"]}` of runs, written in pieces: in memory a batch is a few numbers, and text is made only as fast as
/// the peer reads it.
struct IDList {
    private let name: String
    private let runs: [Run]
    private let format: IDFormat
    private var run = 0
    private var index = 0
    private var isStarted = false
    private(set) var isFinished = false

    /// A piece ends once it has this many bytes.
    static let pieceLength = 16 * 1024

    /// - Parameter name: of the object's only member.
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
