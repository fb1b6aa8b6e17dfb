extension Layout {
    /// Makes an ID from its fields.
    ///
    /// - Parameters:
    ///   - time: Ticks since the epoch, up to ``maximumTick``.
    ///   - worker: The worker's number, up to ``maximumWorker``.
    ///   - sequence: The ID's number among the worker's IDs of this tick, below ``sequencesPerTick``.
    /// - Throws: ``LayoutError`` with code `.valueOutOfRange` when a value does not fit in its field (an absent field
    ///   holds only 0), `.noSuchField` for a layout without time.
    public func makeID(time: UInt64, worker: UInt64, sequence: UInt64) throws(LayoutError) -> FirnID {
        guard hasTime else {
            throw LayoutError(.noSuchField, "The layout \(name) has no time: compose it of shard, type and local.")
        }
        return try makeID([(.time, time), (.worker, worker), (.sequence, sequence)])
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
        return try makeID([(.shard, shard), (.type, type), (.local, local)])
    }

    private func makeID(_ values: [(kind: BitField.Kind, value: UInt64)]) throws(LayoutError) -> FirnID {
        var bits: UInt64 = 0
        for (kind, value) in values {
            let field = fields.first { $0.kind == kind }
            let maximum = field?.maximum ?? 0
            guard value <= maximum else {
                throw LayoutError(
                    .valueOutOfRange,
                    "The \(kind.rawValue) \(value) does not fit in the \(field?.width ?? 0) bits that the layout \(name) "
                        + "has for it: give " + (maximum == 0 ? "0." : "0 to \(maximum).")
                )
            }
            bits |= value << UInt64(field?.shift ?? 0)
        }
        return FirnID(rawValue: bits)
    }

    /// The fields of an ID. Every ID can be decoded; ``DecodedID/fitsLayout`` is false when it cannot be of this layout.
    public func decode(_ id: FirnID) -> DecodedID {
        DecodedID(id: id, layout: self)
    }
}
