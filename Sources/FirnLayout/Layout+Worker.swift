// Where the parts of a worker are apart from each other, which no minted layout has.
extension Layout {
    /// The worker's fields, from the part with the highest bits of its number to that with the lowest.
    var workerFields: [BitField] { fields.filter { $0.kind == .worker } }

    @usableFromInline
    func gatheredWorker(of id: FirnID) -> UInt64 {
        workerFields.reduce(0) { number, part in number << UInt64(part.width) | part.value(in: id) }
    }

    /// The bits of an ID that hold a worker, which is at most ``maximumWorker``.
    func bits(ofWorker worker: UInt64) -> UInt64 {
        var rest = worker
        return workerFields.reversed().reduce(0) { bits, part in
            defer { rest >>= UInt64(part.width) }
            return bits | part.bits(of: rest & part.maximum)
        }
    }
}
