/// The seeds of the property tests; each makes one series of bytes.
let seeds: [UInt64] = Array(1...100)
