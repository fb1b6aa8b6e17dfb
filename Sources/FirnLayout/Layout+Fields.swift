extension Layout {
    /// Makes an ID from its time, worker and sequence. Constant bits are as the layout has them, random bits are 0.
    ///
    /// - Parameters:
    ///   - time: Ticks since the epoch, up to ``maximumTick``.
    ///   - worker: The worker's number, all parts put together, up to ``maximumWorker``.
    ///   - sequence: The ID's number among the worker's IDs of this tick, below ``sequencesPerTick``. Reserved numbers are
    ///     accepted.
    /// - Throws: ``LayoutError`` with code `.valueOutOfRange` when a value does not fit in its field (an absent field
    ///   holds only 0), `.noSuchField` for a layout without time.
    public func makeID(time: UInt64, worker: UInt64, sequence: UInt64) throws(LayoutError) -> FirnID {
        guard hasTime else {
            throw LayoutError(.noSuchField, "The layout \(name) has no time: compose it of shard, type and local.")
        }
        try check(time, "time", width: timeBits)
        try check(worker, wholeWorker, width: workerBits)
        try check(sequence, "sequence", width: sequenceBits)
        return FirnID(rawValue: timeBits(of: time) | bits(ofWorker: worker) | sequence << sequenceShift | constantBits)
    }

    /// Makes an ID from ``pinterest``'s fields.
    ///
    /// - Parameters:
    ///   - shard: The logical shard, below 2^16.
    ///   - type: The kind of object, below 2^10.
    ///   - local: The number within shard and type, below 2^36.
    /// - Throws: ``LayoutError`` with code `.valueOutOfRange` when a value does not fit in its field, `.noSuchField` for
    ///   a layout with time.
    public func makeID(shard: UInt64, type: UInt64, local: UInt64) throws(LayoutError) -> FirnID {
        guard !hasTime else {
            throw LayoutError(.noSuchField, "The layout \(name) has no shard: compose it of time, worker and sequence.")
        }
        return try makeID(of: ["shard": shard, "type": type, "local": local])
    }

    /// Makes an ID from its fields by name. Fields that are left out are 0, constant fields as the layout has them.
    ///
    /// - Parameters:
    ///   - values: For each name the field's value; for `time`, ticks since the epoch.
    ///   - worker: The worker's number, all parts put together, where they are not among the values.
    /// - Throws: ``LayoutError`` with code `.noSuchField` for a name that no field has, `.valueOutOfRange` when a value
    ///   does not fit in its field, is not that of a constant field, or is of a part of the worker that is given as well.
    public func makeID(of values: [String: UInt64], worker: UInt64? = nil) throws(LayoutError) -> FirnID {
        var bits = timeBits(of: 0) | constantBits
        if let worker {
            if let part = workerFields.first(where: { values[$0.name] != nil }) {
                throw LayoutError(
                    .valueOutOfRange,
                    "The whole worker \(worker) is given and its part \(part.name) too: give one of them."
                )
            }
            try check(worker, wholeWorker, width: workerBits)
            bits |= self.bits(ofWorker: worker)
        }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let field = field(named: name), field.kind != .unused else {
                let names = fields.filter { $0.kind != .unused }.map(\.name).joined(separator: ", ")
                throw LayoutError(
                    .noSuchField,
                    "The layout \(self.name) has no field \(name.quoted): it has \(names)."
                )
            }
            let isOneOfSeveral = name == "worker" && workerFields.count > 1
            try check(value, isOneOfSeveral ? "worker's part worker" : name, width: field.width)
            switch field.kind {
            case .time: bits = bits & ~field.mask | timeBits(of: value)
            case .constant where value != field.constant:
                throw LayoutError(
                    .valueOutOfRange,
                    "The \(name) \(value) is not that of the layout \(self.name): give \(field.constant) or leave it out."
                )
            default: bits |= field.bits(of: value)
            }
        }
        return FirnID(rawValue: bits)
    }

    /// What a message calls the worker, all parts put together.
    private var wholeWorker: String { workerFields.count > 1 ? "whole worker" : "worker" }

    private func check(_ value: UInt64, _ what: String, width: Int) throws(LayoutError) {
        let maximum = BitField.maximum(ofWidth: width)
        guard value <= maximum else {
            throw LayoutError(
                .valueOutOfRange,
                "The \(what) \(value) does not fit in the \(width) \(width == 1 ? "bit" : "bits") that the layout \(name) has for "
                    + "it: give "
                    + (maximum == 0 ? "0." : "0 to \(maximum).")
            )
        }
    }

    /// The bits of an ID that hold a tick, which is at most ``maximumTick``; 0 without time.
    func timeBits(of tick: UInt64) -> UInt64 {
        (isDescending ? maximumTick - tick : tick) << timeShift
    }

    /// The fields of an ID. Every ID can be decoded; ``DecodedID/fitsLayout`` is false when it cannot be of this layout.
    public func decode(_ id: FirnID) -> DecodedID {
        DecodedID(id: id, layout: self)
    }
}
