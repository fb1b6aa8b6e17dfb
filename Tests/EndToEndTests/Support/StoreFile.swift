import CSQLite
import FirnStore
import Foundation

/// A store's file, seen from outside: by SQLite alone.
final class StoreFile {
    private let handle: OpaquePointer

    /// - Parameter patience: How long a call waits for another process's lock.
    init(_ path: String, patience: Duration = .seconds(5)) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else { throw TestFailure("cannot open \(path)") }
        handle = opened
        sqlite3_busy_timeout(handle, Int32(patience / .milliseconds(1)))
    }

    deinit {
        sqlite3_close(handle)
    }

    func run(_ text: String) throws {
        guard sqlite3_exec(handle, text, nil, nil, nil) == SQLITE_OK else {
            throw TestFailure("\(text): \(String(cString: sqlite3_errmsg(handle)))")
        }
    }

    /// The record of a worker.
    func worker(_ number: UInt32) throws -> WorkerRecord {
        let key = WorkerRecord.key(number)
        guard let text = try value(key) else { throw TestFailure("there is no record \(key)") }
        return try WorkerRecord(key: key, text: text)
    }

    private func value(_ key: String) throws -> String? {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard
            sqlite3_prepare_v2(handle, "SELECT value FROM records WHERE key = '\(key)'", -1, &statement, nil)
                == SQLITE_OK
        else { throw TestFailure(String(cString: sqlite3_errmsg(handle))) }
        guard sqlite3_step(statement) == SQLITE_ROW else { return nil }
        return sqlite3_column_text(statement, 0).map { String(cString: $0) }
    }

    /// Writes a small database that is none of Firn's.
    static func makeForeign(_ path: String) throws {
        try StoreFile(path).run("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('Winterreise')")
    }
}
