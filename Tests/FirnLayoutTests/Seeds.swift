/// The seeds of the property tests; each makes one layout or one series of values.
let seeds: [UInt64] = Array(1...150)
