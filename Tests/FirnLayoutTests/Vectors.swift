import Foundation
import Testing

/// IDs made by the systems whose layouts are presets, with their fields. Each entry names its source.
struct Vectors: Decodable {
    struct Timed: Decodable, CustomTestStringConvertible {
        let layout: String
        let id: String
        let time: UInt64
        let worker: UInt64
        let sequence: UInt64
        let unixMilliseconds: UInt64
        let utc: String

        var testDescription: String { "\(layout) \(id)" }

        enum CodingKeys: String, CodingKey {
            case layout, id, time, worker, sequence, utc
            case unixMilliseconds = "unix_ms"
        }
    }

    struct Pinterest: Decodable {
        let id: String
        let shard: UInt64
        let type: UInt64
        let local: UInt64
    }

    struct Text: Decodable {
        let id: String
        let base58: String

        enum CodingKeys: String, CodingKey {
            case id
            case base58 = "base58_bitcoin"
        }
    }

    let timed: [Timed]
    let pinterest: [Pinterest]
    let texts: [Text]

    enum CodingKeys: String, CodingKey {
        case timed = "time_layouts"
        case pinterest, texts
    }

    static let all: Vectors = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Vectors/layouts.json")
        return try! JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }()
}
