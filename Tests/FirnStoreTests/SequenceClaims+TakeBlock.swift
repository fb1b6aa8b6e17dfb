@testable import FirnStore

extension SequenceClaims {
    /// Makes one reservation until it is answered, as a daemon does when it has no others.
    func takeBlock(
        _ name: String,
        count: UInt64,
        for use: SequenceUse,
        orCreate parameters: SequenceParameters?,
        after doubt: SequenceDoubt?,
        newest: SequenceBlock? = nil,
        using random: inout some RandomNumberGenerator
    ) -> SequenceBlockOutcome {
        var batch = SequenceBatch<Void>()
        batch.add(
            SequenceReservation(name, count: count, for: use, orCreate: parameters, after: doubt, newest: newest),
            for: ()
        )
        while true {
            if let answered = batch.write(self, using: &random).first { return answered.outcome }
            if let answered = batch.read(self).first { return answered.outcome }
        }
    }

    /// Gives one rest back.
    func giveBack(
        _ rest: SequenceRest,
        using random: inout some RandomNumberGenerator
    ) -> SequenceReturnOutcome {
        giveBack([rest], using: &random)[0]
    }
}
