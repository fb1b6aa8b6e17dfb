internal import FirnSQLite
internal import FirnServer
internal import FirnStore
internal import FirnWindows
internal import Logging

/// Detects whether the store's file is a copy of one that may be in use elsewhere: of a directory, a volume or a
/// machine.
///
/// The windows cannot show this: the copy's records are as valid as the original's, and each daemon extends its own. So
/// a daemon with a fixed worker does not start on a copy until an operator has adopted it as the store; other daemons
/// log a warning.
struct CopiedStore {
    let store: SQLiteStore
    let storeName: String
    let logger: Logger

    func check(_ rule: WorkerRule) throws(StoreError) {
        let present = store.presentPlace
        guard let recorded = try store.recordedPlace() else { return try store.recordPlace() }
        guard let what = Self.finding(present, recorded, storeName) else {
            if present != recorded { try store.recordPlace() }
            return
        }
        guard case .fixed(let worker) = rule else {
            return logger.warning(
                "the store seems to be a copy of one that may be in use; once it is not, say so with firn store adopt",
                metadata: ["store": "\(storeName)", "reason": "\(what)"]
            )
        }
        throw Self.refusal(what, worker: worker, storeName)
    }

    /// Why the file may be a copy; `nil` when it is the one that was used last.
    static func finding(_ present: StorePlace, _ recorded: StorePlace, _ storeName: String) -> String? {
        present.difference(from: recorded).map { difference in
            "the store \(storeName) was used as \(recorded.description) before, and this is \(text(difference)) "
                + "(\(present.description)): if a daemon uses that one on, IDs and tickets are given out twice"
        }
    }

    static func refusal(_ what: String, worker: UInt32, _ storeName: String) -> StoreError {
        StoreError(
            code: .copied,
            message:
                "\(what), those of worker \(worker) for sure. Nothing is given out. Once no daemon uses that one any "
                + "more, run 'firn store adopt --store \(storeName)'; else give this daemon a store of its own, and another "
                + "--worker"
        )
    }

    private static func text(_ difference: StorePlace.Difference) -> String {
        switch difference {
        case .anotherFile: "another file"
        case .anotherMachine: "that file on another machine"
        case .anotherDevice: "that file on another device"
        case .anotherHost: "that file on a host of another name, with the same machine ID"
        }
    }
}
