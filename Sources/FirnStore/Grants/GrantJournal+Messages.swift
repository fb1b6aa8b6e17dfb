/// The messages to an operator about a store that was set back, and what to do.
extension GrantJournal {
    func setBack(_ grant: Grant, _ what: String) -> StoreError {
        StoreError(
            code: .setBack,
            message: "the store \(context.storeName) \(what), and granted worker \(grant.worker) up to "
                + "\(context.text(grant.limit.unixMilliseconds)) to its holder \(grant.generation): it was restored from "
                + "an older copy or set back. \(advice)"
        )
    }

    func versionFell(to version: UInt64, _ grant: Grant?) -> StoreError {
        let limit =
            grant.flatMap { grant in
                grant.hasWorker ? ", and this daemon was granted \(context.text(grant.limit.unixMilliseconds))" : nil
            } ?? ""
        return StoreError(
            code: .setBack,
            message: "the store \(context.storeName) is at version \(version), which it had passed before"
                + "\(limit): it was restored from an older copy or set back. \(advice)"
        )
    }

    func lacks(_ record: WrittenRecord) -> StoreError {
        StoreError(
            code: .setBack,
            message: "the store \(context.storeName) lacks what was written to \(record.key) as version "
                + "\(record.version), so that values could be given a second time: it was restored from an older copy or "
                + "set back. \(advice)"
        )
    }

    func otherStore(_ identity: UInt64?, _ grant: Grant?) -> StoreError {
        func name(_ storeID: UInt64) -> String { hexadecimal(storeID, digits: 16, uppercase: false) }
        let known = "the one (\(name(grant?.storeID ?? storeID))) that "
        let granted =
            grant.flatMap { grant in
                grant.hasWorker
                    ? "granted worker \(grant.worker) up to \(context.text(grant.limit.unixMilliseconds)) there" : nil
            } ?? "this daemon has used"
        let what =
            identity.map { "is another one (\(name($0))) than \(known)\(granted)" }
            ?? "was emptied: it has no record \(LayoutRecord.key). It was \(known)\(granted)"
        return StoreError(
            code: .setBack,
            message: "the store \(context.storeName) \(what). Put that one back, or: \(advice)"
        )
    }

    private var advice: String {
        "No ID and no ticket is given out, for it might be one that was given out before. \(repair), if there are sequences with "
            + "--skip-values and at least as many values as lie between what the copy has and the highest that was given"
    }

    /// Another daemon's store is repaired where it is: by its own name, beside the daemons that connect to it.
    private var repair: String {
        guard context.isOfDaemons else {
            return "Stop all daemons on this store and run 'firn store repair --store \(context.storeName) "
                + "--raise-to known'"
        }
        return "Repair the store of those daemons: stop all daemons on it and run 'firn store repair --store THEIRS "
            + "--raise-to TIME' with a time later than any that a daemon with this store was granted (one that they keep in "
            + "memory ends with them: give them one that lasts, start them on it once, and repair that)"
    }
}
