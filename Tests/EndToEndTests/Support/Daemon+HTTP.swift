import FirnTestSupport
import Foundation

extension Daemon {
    /// The port of its HTTP address, or that of its admin address, as its log tells it.
    func httpPort(_ name: String = "http") throws -> UInt16 {
        // Several addresses are in quotation marks.
        guard let line = lines(with: " info serving ").first?.replacing("\"", with: ""),
            let range = line.range(of: " \(name)=127.0.0.1:"),
            let port = UInt16(line[range.upperBound...].prefix { $0.isNumber })
        else { throw TestFailure("no \(name) port in the log: \(log)") }
        return port
    }
}
