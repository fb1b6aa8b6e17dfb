import FirnWire
import Testing

@testable import FirnServer

@Suite struct ConnectionLimiterTests {
    private static func limiter(total: Int, perUser: Int) -> ConnectionLimiter {
        var limits = Limits(fileDescriptors: 1024)
        limits.maximumConnections = total
        limits.maximumConnectionsPerUser = perUser
        return ConnectionLimiter(limits: limits)
    }

    @Test func oneUserCannotTakeTheConnectionsOfOthers() throws {
        let limiter = Self.limiter(total: 4, perUser: 2)
        #expect(limiter.enter(user: 1) == nil)
        #expect(limiter.enter(user: 1) == nil)
        let refusal = try #require(limiter.enter(user: 1))
        #expect(refusal.code == .resourceExhausted)
        #expect(refusal.message.contains("user 1 has its maximum of 2"))
        #expect(refusal.message.contains("--max-connections-per-uid"))
        #expect(refusal.retryAfterMilliseconds > 0)
        #expect(limiter.enter(user: 2) == nil)
        // Whoever left makes room, for the same user alone.
        limiter.leave(user: 1)
        #expect(limiter.enter(user: 1) == nil)
        #expect(limiter.enter(user: 1) != nil)
    }

    @Test func theTotalCountsEverybody() throws {
        let limiter = Self.limiter(total: 3, perUser: 3)
        #expect(limiter.enter(user: nil) == nil)
        #expect(limiter.enter(user: 7) == nil)
        #expect(limiter.enter(user: nil) == nil)
        let refusal = try #require(limiter.enter(user: 8))
        #expect(refusal.code == .resourceExhausted)
        #expect(refusal.message.contains("maximum of 3 connections"))
        #expect(refusal.message.contains("--max-connections"))
        #expect(limiter.enter(user: nil) == refusal)
        limiter.leave(user: nil)
        #expect(limiter.enter(user: 8) == nil)
        #expect(limiter.enter(user: 8) != nil)
    }

    @Test func aRefusedConnectionIsNotCounted() {
        let limiter = Self.limiter(total: 2, perUser: 1)
        #expect(limiter.enter(user: 1) == nil)
        for _ in 0..<5 { #expect(limiter.enter(user: 1) != nil) }
        #expect(limiter.enter(user: 2) == nil)
        for _ in 0..<5 { #expect(limiter.enter(user: 3) != nil) }
        limiter.leave(user: 1)
        limiter.leave(user: 2)
        #expect(limiter.enter(user: 3) == nil)
        #expect(limiter.enter(user: 1) == nil)
    }

    @Test func threadsTogetherDoNotPassALimit() async {
        let limiter = Self.limiter(total: 50, perUser: 20)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<100).count { _ in limiter.enter(user: UInt32(task % 2)) == nil }
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
