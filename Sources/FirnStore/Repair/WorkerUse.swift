/// Keeps a worker of a restored store unused up to the limit that a daemon with a wrong clock was granted.
///
/// Such a limit is hours ahead, so the store's floor cannot be raised above it. The copy that was restored has no
/// record of it.
package enum WorkerUse {
    package static func keep(
        _ store: some Store,
        _ grant: Grant,
        by operatorHolder: Holder,
        at now: StoreInstant
    ) throws(StoreError) {
        let key = WorkerRecord.key(grant.worker)
        while true {
            let stored = try store.read(key)
            let present = try stored.map { value throws(StoreError) in try WorkerRecord(key: key, text: value.value) }
            if let present, present.generation > grant.generation, present.freeFrom >= grant.limit.tick { return }
            var next = WorkerRecord(
                takenAfter: max(present?.generation ?? 0, grant.generation),
                limit: present?.limit ?? 0,
                freeFrom: max(present?.freeFrom ?? 0, grant.limit.tick),
                by: operatorHolder,
                at: now
            )
            next.lessee = present?.reservedFor
            if case .written = try store.write(
                key,
                next.text,
                ifVersion: stored?.version,
                ifValue: stored?.value
            ) {
                return
            }
        }
    }
}
