/// Decides whether a host's clock is behind or the records of a store are ahead, when the two differ by more than is
/// tolerated.
///
/// The rule:
/// 1. A host has one vote, by the latest of its records, however often its daemons restarted. Hosts that have the same
///    clock, such as the containers of one machine, are one host.
/// 2. A host whose latest record is ahead of this clock by more than is tolerated says that this clock is behind.
/// 3. A host whose latest record is not ahead, but was written later than one that is, says that that one is ahead. An
///    earlier record says nothing: time has passed since. This host's own records do not say so, because they were
///    written by the same clock that is judged.
/// 4. The clock counts as behind when more hosts say so than say otherwise. A single host's word is not enough when it
///    is ahead by more than `outlierTicks`, unless the host's records span a longer time than that: its clock was not
///    wrong for a moment then, so this one was set back.
///
/// No decision makes an ID come twice, because every holder begins above the limit of its worker's record. It decides
/// which times IDs have, and whether a daemon starts.
struct ClockJudgement {
    /// What a worker's record says about its holder's clock.
    struct Testimony: Hashable, Sendable {
        var worker: UInt32
        var holder: Holder
        var limit: UInt64
        /// The record's version: of two testimonies, the one with the higher version is later.
        var version: UInt64
        /// Identifies the clock of the holder's host, if that is known.
        var clockID: UInt64?
    }

    enum Verdict: Hashable, Sendable {
        /// The clock may be right. These testimonies are ahead of it by more than is tolerated, and are not believed.
        case plausible(outliers: [Testimony])
        /// The clock is behind this testimony, the highest of those that are believed.
        case behind(Testimony)
    }

    /// The host whose clock is judged.
    var host: String
    var clockID: UInt64?
    var nowTick: UInt64
    /// How far ahead a limit may be: a window, and the difference that clocks may have.
    var toleratedTicks: UInt64
    /// How far ahead a limit is that a single host is not believed.
    var outlierTicks: UInt64

    func verdict(on testimonies: [Testimony]) -> Verdict {
        let ahead = testimonies.filter(isAhead)
        guard !ahead.isEmpty else { return .plausible(outliers: []) }
        let hosts = Hosts(testimonies, and: (host, clockID))
        var latest: [Int: Testimony] = [:]
        for testimony in testimonies {
            let number = hosts.number(of: testimony.holder.host)
            if latest[number].map({ $0.version < testimony.version }) ?? true { latest[number] = testimony }
        }
        let believers = latest.values.filter(isAhead)
        guard let first = believers.map(\.version).min(),
            let highest = believers.max(by: { ($0.limit, $0.version) < ($1.limit, $1.version) })
        else { return .plausible(outliers: ahead) }
        let own = hosts.number(of: host)
        let dissenters = latest.count { $0 != own && !isAhead($1) && $1.version > first }
        if believers.count <= dissenters { return .plausible(outliers: ahead) }
        if believers.count == 1, highest.limit - nowTick > outlierTicks {
            let host = hosts.number(of: highest.holder.host)
            let limits = ahead.filter { hosts.number(of: $0.holder.host) == host }.map(\.limit)
            if limits.max()! - limits.min()! <= outlierTicks { return .plausible(outliers: ahead) }
        }
        return .behind(highest)
    }

    func isAhead(_ testimony: Testimony) -> Bool {
        testimony.limit > nowTick && testimony.limit - nowTick > toleratedTicks
    }

    /// Which names are names of one host, because they have the same clock.
    private struct Hosts {
        private var numbers: [String: Int] = [:]

        init(_ testimonies: [Testimony], and own: (host: String, clockID: UInt64?)) {
            var clocks: [UInt64: Int] = [:]
            for (host, clockID) in [own] + testimonies.map({ ($0.holder.host, $0.clockID) }) {
                let ofClock = clockID.flatMap { clocks[$0] }
                let ofName = numbers[host]
                let number = ofName ?? ofClock ?? numbers.count
                numbers[host] = number
                if let clockID { clocks[clockID] = number }
                guard let ofClock, ofClock != number else { continue }
                for (name, other) in numbers where other == ofClock { numbers[name] = number }
                for (clock, other) in clocks where other == ofClock { clocks[clock] = number }
            }
        }

        func number(of host: String) -> Int {
            numbers[host]!
        }
    }
}
