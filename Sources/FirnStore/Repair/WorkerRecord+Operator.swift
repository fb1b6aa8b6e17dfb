extension WorkerRecord {
    /// The record with which an operator takes a worker from its holder, written as the next holder would write it: with a
    /// higher generation, so that a holder that still runs finds out at its next write and stops.
    ///
    /// - Parameters:
    ///   - generation: the highest that a holder can have had.
    ///   - freeFrom: the first tick that no holder can have used.
    init(
        takenAfter generation: UInt64,
        limit: UInt64,
        freeFrom: UInt64,
        by operatorHolder: Holder,
        at now: StoreInstant
    ) {
        self.init(
            generation: generation + 1,
            limit: limit,
            used: freeFrom > limit ? freeFrom : nil,
            holder: operatorHolder,
            writeToken: .random(in: (Self.givenBackToken + 1)...(.max)),
            renewedAtUnixMilliseconds: now.unixMilliseconds
        )
    }

    /// This record, taken by an operator. What was granted stays used, also where the limit is lowered.
    func taken(by operatorHolder: Holder, at now: StoreInstant, limit: UInt64? = nil) -> WorkerRecord {
        WorkerRecord(
            takenAfter: generation,
            limit: limit ?? self.limit,
            freeFrom: freeFrom,
            by: operatorHolder,
            at: now
        )
    }
}
