import EtcdTestSupport
import Foundation

/// Lets a client in and tells it a version, as PostgreSQL's protocol does (version 3.0, "Start-up"), and no more.
final class ScriptedServer {
    let port: UInt16
    private let listener: Int32

    init(version: String) throws {
        (listener, port) = try listeningSocket()
        Thread { [listener] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                Self.serve(client, version)
                close(client)
            }
            close(listener)
        }.start()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func serve(_ client: Int32, _ version: String) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count = recv(client, &bytes, bytes.count, 0)
        // A client that asks for TLS, or for GSSAPI, asks again without.
        while count == 8 {
            _ = send(client, "N", 1, Int32(MSG_NOSIGNAL))
            count = recv(client, &bytes, bytes.count, 0)
        }
        guard count > 8 else { return }
        func message(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
            let length = UInt32(body.count + 4).bigEndian
            return [kind.asciiValue!] + withUnsafeBytes(of: length) { Array($0) } + body
        }
        let answer =
            message("R", [0, 0, 0, 0]) + message("S", Array("server_version".utf8) + [0] + Array(version.utf8) + [0])
            + message("Z", [UInt8(ascii: "I")])
        _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
        while recv(client, &bytes, bytes.count, 0) > 0 {}
    }
}
