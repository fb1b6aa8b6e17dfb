internal import FirnServer
internal import FirnStore
internal import Logging

/// Sees whether the store's file is a copy of one that may be in use elsewhere: of a directory, a volume or a machine.
///
/// No window tells that: the copy's records are as true as the original's, and each daemon extends its own. So a daemon
/// with a fixed worker does not start on it before somebody has said that it is the store now; others warn.
struct CopiedStore {
    let store: SQLiteStore
    let storeName: String
    let logger: Logger

    func check(_ rule: WorkerRule) throws(StoreError) {
        let present = store.presentPlace
        guard let recorded = try store.recordedPlace() else { return try store.recordPlace() }
        guard let difference = present.difference(from: recorded) else {
            if present != recorded { try store.recordPlace() }
            return
        }
        let what =
            "the store \(storeName) was used as \(recorded.description) before, and this is \(Self.text(difference)) "
            + "(\(present.description)): if a daemon uses that one on, IDs and tickets are given out twice"
        guard case .fixed(let worker) = rule else {
            return logger.warning(
                "the store seems to be a copy of one that may be in use; once it is not, say so with firn store adopt",
                metadata: ["store": "\(storeName)", "reason": "\(what)"]
            )
        }
        throw StoreError(
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
