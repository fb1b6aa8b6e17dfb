import FirnWire
import Testing

@testable import FirnServer

@Suite struct ConnectionCensusTests {
    private static func census(total: Int, perUser: Int) -> ConnectionCensus {
        var limits = Limits(fileDescriptors: 1024)
        limits.maximumConnections = total
        limits.maximumConnectionsPerUser = perUser
        return ConnectionCensus(limits: limits)
    }

    @Test func oneUserCannotTakeTheConnectionsOfOthers() throws {
        let census = Self.census(total: 4, perUser: 2)
        #expect(census.enter(user: 1) == nil)
        #expect(census.enter(user: 1) == nil)
        let refusal = try #require(census.enter(user: 1))
        #expect(refusal.code == .resourceExhausted)
        #expect(refusal.message.contains("user 1 has its maximum of 2"))
        #expect(refusal.message.contains("--max-connections-per-uid"))
        #expect(refusal.retryAfterMilliseconds > 0)
        #expect(census.enter(user: 2) == nil)
        // Whoever left makes room, for the same user alone.
        census.leave(user: 1)
        #expect(census.enter(user: 1) == nil)
        #expect(census.enter(user: 1) != nil)
    }

    @Test func theTotalCountsEverybody() throws {
        let census = Self.census(total: 3, perUser: 3)
        #expect(census.enter(user: nil) == nil)
        #expect(census.enter(user: 7) == nil)
        #expect(census.enter(user: nil) == nil)
        let refusal = try #require(census.enter(user: 8))
        #expect(refusal.code == .resourceExhausted)
        #expect(refusal.message.contains("maximum of 3 connections"))
        #expect(refusal.message.contains("--max-connections"))
        #expect(census.enter(user: nil) == refusal)
        census.leave(user: nil)
        #expect(census.enter(user: 8) == nil)
        #expect(census.enter(user: 8) != nil)
    }

    @Test func aRefusedConnectionIsNotCounted() {
        let census = Self.census(total: 2, perUser: 1)
        #expect(census.enter(user: 1) == nil)
        for _ in 0..<5 { #expect(census.enter(user: 1) != nil) }
        #expect(census.enter(user: 2) == nil)
        for _ in 0..<5 { #expect(census.enter(user: 3) != nil) }
        census.leave(user: 1)
        census.leave(user: 2)
        #expect(census.enter(user: 3) == nil)
        #expect(census.enter(user: 1) == nil)
    }

    @Test func threadsTogetherDoNotPassALimit() async {
        let census = Self.census(total: 50, perUser: 20)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<100).count { _ in census.enter(user: UInt32(task % 2)) == nil }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 40)
    }

    @Test func theDefaultsLeaveDescriptorsForTheRest() {
        #expect(Limits(fileDescriptors: 1024).maximumConnections == 960)
        #expect(Limits(fileDescriptors: 1024).maximumConnectionsPerUser == 840)
        #expect(Limits(fileDescriptors: 100).maximumConnections == 50)
        for few in 0...3 {
            #expect(Limits(fileDescriptors: few).maximumConnections == 1)
            #expect(Limits(fileDescriptors: few).maximumConnectionsPerUser == 1)
        }
    }
}
