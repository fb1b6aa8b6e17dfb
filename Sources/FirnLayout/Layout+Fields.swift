extension Layout {
    /// Makes an ID of its fields.
    ///
    /// - Parameters:
    ///   - time: Ticks since the epoch.
    ///   - worker: The maker of the ID.
    ///   - sequence: Which of the worker's IDs in this tick it is.
    /// - Throws: ``LayoutError`` with code `.valueOutOfRange` when a value does not fit in its field (an absent field
    ///   holds only 0), `.noSuchField` for a layout without time.
    public func compose(time: UInt64, worker: UInt64, sequence: UInt64) throws(LayoutError) -> FirnID {
        guard hasTime else {
            throw LayoutError(.noSuchField, "The layout \(name) has no time: compose it of shard, type and local.")
        }
        return try compose([(.time, time), (.worker, worker), (.sequence, sequence)])
    }

    /// Makes an ID of ``pinterest``'s fields.
    ///
    /// - Throws: ``LayoutError`` with code `.valueOutOfRange` when a value does not fit in its field, `.noSuchField` for
    ///   a layout with time.
    public func compose(shard: UInt64, type: UInt64, local: UInt64) throws(LayoutError) -> FirnID {
        guard !hasTime else {
            throw LayoutError(.noSuchField, "The layout \(name) has no shard: compose it of time, worker and sequence.")
        }
        return try compose([(.shard, shard), (.type, type), (.local, local)])
    }

    private func compose(_ values: [(kind: BitField.Kind, value: UInt64)]) throws(LayoutError) -> FirnID {
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

    /// Takes an ID apart. That never fails; ``DecodedID/unusedBits`` tells when the ID cannot be of this layout.
    public func decode(_ id: FirnID) -> DecodedID {
        DecodedID(id: id, layout: self)
    }
}
