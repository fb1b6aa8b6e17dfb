import Testing

@testable import FirnStore

/// Whose clock is wrong. A tick is a second here: a window of 3 s and an hour are tolerated, and a day is an outlier.
@Suite struct ClockJudgementTests {
    private static let now: UInt64 = 1_000_000_000
    private static let hour: UInt64 = 3600
    private static let day: UInt64 = 86_400
    private static let tenYears: UInt64 = 10 * 365 * 86_400

    private typealias Testimony = ClockJudgement.Testimony

    private func testimony(_ host: String, _ limit: UInt64, _ version: UInt64, clock: UInt64? = nil) -> Testimony {
        Testimony(
            worker: UInt32(version),
            holder: Holder(host: host, pod: nil, pid: 1, instance: version),
            limit: limit,
            version: version,
            clockID: clock
        )
    }

    private func verdict(_ testimonies: [Testimony], host: String = "own", clock: UInt64? = nil)
        -> ClockJudgement.Verdict
    {
        ClockJudgement(
            host: host,
            clockID: clock,
            nowTick: Self.now,
            toleratedTicks: Self.hour + 3,
            outlierTicks: Self.day
        ).verdict(on: testimonies)
    }

    @Test func nothingIsAheadInAStoreThatIsEmptyOrOfThisTime() {
        #expect(verdict([]) == .plausible(outliers: []))
        let old = (1...9).map { testimony("host-\($0)", Self.now + Self.hour + 3 - 100 * UInt64($0 - 1), UInt64($0)) }
        #expect(verdict(old) == .plausible(outliers: []))
    }

    /// One daemon, on SQLite: its own earlier record, or that of the only other host.
    @Test(arguments: ["own", "other"]) func aSingleHostIsBelievedForADay(_ host: String) {
        let near = testimony(host, Self.now + Self.hour + 4, 1)
        #expect(verdict([near]) == .behind(near))
        let last = testimony(host, Self.now + Self.day, 1)
        #expect(verdict([last]) == .behind(last))
        let far = testimony(host, Self.now + Self.day + 1, 1)
        #expect(verdict([far]) == .plausible(outliers: [far]))
        // This host's own later record was written by the clock that is judged.
        #expect(
            verdict([near, testimony("own", Self.now, 2)])
                == (host == "own" ? .plausible(outliers: [near]) : .behind(near))
        )
        let absurd = testimony(host, .max, 1)
        #expect(verdict([absurd]) == .plausible(outliers: [absurd]))
    }

    /// A clock that boots with an old time beside a healthy store.
    @Test(arguments: [2, 3, 10_000]) func severalHostsAreBelievedHoweverFarTheyAreAhead(_ hosts: Int) {
        let fleet = (1...hosts).map { testimony("host-\($0)", Self.now + Self.tenYears + UInt64($0), UInt64($0)) }
        #expect(verdict(fleet) == .behind(fleet[hosts - 1]))
        // It ran before, with the same time, and later than they: its own clock is no evidence for itself.
        #expect(verdict(fleet + [testimony("own", Self.now, UInt64(hosts) + 1)]) == .behind(fleet[hosts - 1]))
        // Hosts that stopped long ago do not say that the others are wrong.
        let dead = (1...hosts).map { testimony("dead-\($0)", Self.now - 500, UInt64($0)) }
        let later = fleet.map { testimony($0.holder.host, $0.limit, $0.version + UInt64(hosts)) }
        #expect(verdict(dead + later) == .behind(later[hosts - 1]))
    }

    @Test(arguments: [1, 2, 10_000]) func oneHostFarAheadIsOutvotedByAnyOthers(_ hosts: Int) {
        for distance in [2 * Self.hour, 5 * Self.day, Self.tenYears] {
            let ahead = testimony("ahead", Self.now + distance, 1)
            let others = (1...hosts).map { testimony("host-\($0)", Self.now + 1, UInt64($0) + 1) }
            #expect(verdict(others + [ahead]) == .plausible(outliers: [ahead]))
        }
    }

    @Test func aHostThatRestartedFiveTimesWhileItsClockWasWrongCountsOnce() {
        let ahead = (1...5).map { testimony("ahead", Self.now + Self.tenYears + $0, $0) }
        #expect(verdict(ahead) == .plausible(outliers: ahead))
        // Nearer than a day, and one other host disagrees.
        let near = (1...5).map { testimony("ahead", Self.now + 5 * Self.hour + $0, $0) }
        #expect(verdict(near) == .behind(near[4]))
        #expect(verdict(near + [testimony("other", Self.now, 6)]) == .plausible(outliers: near))
        // Its clock was set right, and it says so itself.
        #expect(verdict(near + [testimony("ahead", Self.now, 6)]) == .plausible(outliers: near))
        #expect(verdict(near, host: "ahead") == .behind(near[4]))
    }

    /// The only host's clock lost its battery: what it wrote over months was not written within a moment.
    @Test(arguments: ["own", "other"]) func aSingleHostIsBelievedByRecordsOfManyDays(_ host: String) {
        let months = (1...90).map { testimony(host, Self.now + 300 * Self.day + $0 * Self.day, $0) }
        #expect(verdict(months) == .behind(months[89]))
        let aDay = [testimony(host, Self.now + 300 * Self.day, 1), testimony(host, Self.now + 301 * Self.day, 2)]
        #expect(verdict(aDay) == .plausible(outliers: aDay))
        // It went on for months with a clock that is ahead; other hosts disagree.
        let late = testimony("third", Self.now, 200)
        #expect(verdict(months + [late]) == .plausible(outliers: months))
    }

    /// Three containers of one machine with a wrong clock, and a fleet that starts after them.
    @Test func containersOfOneMachineCountOnce() {
        let pods = (1...3).map { testimony("pod-\($0)", Self.now + Self.tenYears, $0, clock: 77) }
        #expect(verdict(pods) == .plausible(outliers: pods))
        // Their workers' own records do not have the clock, and are of the same hosts.
        let records = (1...3).map { testimony("pod-\($0)", Self.now + Self.tenYears + 9, $0 + 10) }
        #expect(verdict(records) == .behind(records[2]), "three hosts, for all that is known")
        #expect(verdict(records + pods) == .plausible(outliers: records + pods))
        // A new pod on that machine is the same host too.
        let own = testimony("pod-4", Self.now, 99, clock: 77)
        let near = testimony("pod-1", Self.now + 5 * Self.hour, 1, clock: 77)
        #expect(verdict([near, own], host: "pod-4", clock: 77) == .plausible(outliers: [near]), "corrected since")
    }

    @Test func twoNamesBecomeOneHostWhenAThirdHasBothClocks() {
        let a = testimony("a", Self.now + Self.tenYears, 1, clock: 1)
        let b = testimony("b", Self.now + Self.tenYears, 2, clock: 2)
        #expect(verdict([a, b]) != .plausible(outliers: [a, b]))
        let both = [
            testimony("c", Self.now + Self.tenYears, 3, clock: 1),
            testimony("c", Self.now + Self.tenYears, 4, clock: 2),
        ]
        #expect(verdict([a, b] + both) == .plausible(outliers: [a, b] + both))
    }

    @Test func aMajorityDecides() {
        let ahead = (1...3).map { testimony("ahead-\($0)", Self.now + 2 * Self.hour, $0) }
        let two = (1...2).map { testimony("other-\($0)", Self.now, $0 + 3) }
        #expect(isBehind(verdict(ahead + two)))
        let three = (1...3).map { testimony("other-\($0)", Self.now, $0 + 3) }
        #expect(verdict(ahead + three) == .plausible(outliers: ahead))
        let earlier = (1...3).map { testimony("other-\($0)", Self.now, $0) }
        let later = ahead.map { testimony($0.holder.host, $0.limit, $0.version + 3) }
        #expect(isBehind(verdict(later + earlier)), "earlier records say nothing")
    }

    private func isBehind(_ verdict: ClockJudgement.Verdict) -> Bool {
        if case .behind = verdict { true } else { false }
    }
}
