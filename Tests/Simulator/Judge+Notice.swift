import FirnStore

/// What a process has to notice of a store that was set back, exchanged or repaired, and what it has to record.
extension Judge {
    func raised(_ applied: Applied) {
        let before = applied.previous.flatMap { try? FloorRecord(text: $0.value) }
        guard let floor = try? FloorRecord(text: applied.write.value), floor.limit.tick >= before?.limit.tick ?? 0
        else {
            return world.violated("the store's floor was lowered: \(applied.write.value)")
        }
    }

    /// The floor that the store has now.
    var floor: UInt64 {
        store.read(FloorRecord.key).flatMap { try? FloorRecord(text: $0.value) }?.limit.tick ?? 0
    }

    /// Whether the store does not know that this was used, and no repair has settled it.
    func isLacking(_ holding: Holding) -> Bool {
        guard hasOneGrant, let used = holding.highestUsed, floor < holding.limit else { return false }
        let key = WorkerRecord.key(holding.worker)
        guard let text = store.read(key)?.value, let record = try? WorkerRecord(key: key, text: text) else {
            return true
        }
        if record.generation != holding.generation { return record.generation < holding.generation }
        return record.limit <= used && !record.isGivenBack
    }

    /// Whether each claim that covers the tick was made below the floor: a late one may be an earlier one once more.
    func checkFloor(_ holdings: [Holding], _ tick: UInt64, _ giver: Giver) {
        let granted = holdings.filter {
            tick < $0.limit && tick >= $0.firstTick && giver.instances.contains($0.instance)
        }
        guard let lowest = granted.map(\.moment.floor).min(), tick < lowest else { return }
        world.violated(
            "\(giver.name) gave out tick \(tick) of worker \(granted[0].worker), which it had claimed when the floor was "
                + "\(lowest)"
        )
    }

    /// What a process has to notice by itself, and what it has to record, before it gives out an ID.
    func checkNotice(_ holding: Holding, _ tick: UInt64, at time: Int64, _ giver: Giver) {
        if let denied = giver.witness?.denials[holding.worker], holding.moment.time < denied, denied < time {
            world.violated(
                "\(giver.name) gave out tick \(tick) of worker \(holding.worker) after it was told that the store had been "
                    + "set back"
            )
        }
        if tick >= holding.firstLimit, holding.moment.repairs == repairs, let slot = giver.slot, slot.isWhole,
            slot.present?.limit.tick ?? 0 <= tick
        {
            world.violated(
                "\(giver.name) gave out tick \(tick) of worker \(holding.worker) before it had recorded that its window was "
                    + "extended"
            )
        }
        guard giver.witness != nil, holding !== giver.lastUsed else { return }
        if let lacked = holding.lacked, holding.moment.repairs == repairs, isLacking(lacked) {
            world.violated(
                "\(giver.name) gave out tick \(tick) of worker \(holding.worker), which it had claimed from a store that "
                    + "lacked its use of worker \(lacked.worker)"
            )
        }
        if holding.limit > giver.lastUsed?.limit ?? 0 { giver.lastUsed = holding }
    }
}
