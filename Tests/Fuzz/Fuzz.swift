import FirnLayout
import FirnStore
import FirnWire

@testable import FirnFiles

#if canImport(Glibc)
    import Glibc
#endif

/// libFuzzer's main loop.
@_silgen_name("LLVMFuzzerRunDriver") private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Runs libFuzzer on the reader that `FIRN_FUZZ` names. A reader may refuse an input; what it accepts, it must write again
/// so that it reads the same. scripts/fuzz builds and runs it.
@main enum Fuzz {
    static func main() {
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(
            runFuzzer(&count, &arguments) { start, count in
                target(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            }
        )
    }
}

private let target: @Sendable ([UInt8]) -> Void = {
    guard let name = getenv("FIRN_FUZZ").map({ String(cString: $0) }), let target = targets[name] else {
        fatalError("FIRN_FUZZ is one of \(targets.keys.sorted())")
    }
    return target
}()

private let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "frames": frames, "responses": responses, "layouts": layouts, "ids": ids, "settings": settings, "records": records,
    "grants": grants,
]

/// A request as a daemon reads it from a connection.
@Sendable private func frames(_ bytes: [UInt8]) {
    guard case .whole(let length) = Frame.read(bytes.span.bytes, maximumLength: Frame.maximumRequestLength) else {
        return
    }
    guard let request = try? RequestDecoder().decode(Array(bytes[4..<4 + length]).span.bytes) else { return }
    switch request.method {
    case .unknown, .refused: return
    // What no client sends is refused later, and cannot be written.
    case .authenticate(let token) where !token.isWellFormed: return
    default: break
    }
    let buffer = FrameBuffer()
    buffer.appendRequest(request)
    let again = buffer.withUnsafeBytes { Array($0.dropFirst(Frame.headerLength)) }
    guard let second = try? RequestDecoder().decode(again.span.bytes) else {
        fatalError("\(request) cannot be read again")
    }
    precondition(second == request, "\(request) is read again as \(second)")
}

/// An answer as a client reads it.
@Sendable private func responses(_ bytes: [UInt8]) {
    _ = try? ResponseDecoder().decode(bytes.span.bytes)
}

@Sendable private func layouts(_ bytes: [UInt8]) {
    guard let layout = try? Layout(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
    guard let second = try? Layout(parsing: layout.name) else { fatalError("\(layout.name) cannot be read again") }
    precondition(second == layout, "\(layout.name) is read again as \(second.name)")
}

@Sendable private func ids(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for format in IDFormat.allCases {
        guard let id = try? FirnID(parsing: text, format: format) else { continue }
        let written = id.formatted(format)
        precondition((try? FirnID(parsing: written, format: format)) == id, "\(format): \(written)")
    }
    _ = IDFormat.formats(reading: text)
    _ = try? UTCTime(parsing: text)
}

@Sendable private func settings(_ bytes: [UInt8]) {
    guard let file = try? SettingsFile(text: String(decoding: bytes, as: UTF8.self), path: "firn.conf") else { return }
    let written = file.lines.map { "\($0.name) = \($0.value)" }.joined(separator: "\n")
    guard let second = try? SettingsFile(text: written, path: "firn.conf") else {
        fatalError("cannot be read again: \(written)")
    }
    precondition(second.lines.map(\.value) == file.lines.map(\.value), written)
}

/// Each kind of record, which is read strictly: it is written as it was read.
@Sendable private func records(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    let kinds: [(String) throws -> String] = [
        { try WorkerRecord(key: "workers/1", text: $0).text },
        { try SequenceRecord(key: "sequences/a", text: $0).text },
        { try FloorRecord(text: $0).text }, { try LayoutRecord(text: $0).text },
    ]
    for read in kinds {
        guard let written = try? read(text) else { continue }
        precondition(written.utf8.elementsEqual(text.utf8), written)
    }
}

/// A daemon's file in the state directory.
@Sendable private func grants(_ bytes: [UInt8]) {
    guard case .grant(let grant, let serial) = GrantFile.content(bytes, "granted-0") else { return }
    let again = GrantFile.content(GrantFile.place(grant, serial: serial), "granted-0")
    // One place alone, of a file that had more, is refused.
    precondition(again == .damaged || again == .grant(grant, serial: serial), "\(grant)")
}
