import FirnEngine
import FirnTestSupport
import FirnWire
import Testing

@testable import FirnServer

/// What the scheduler keeps to, whatever happens in whatever order.
@Suite struct RequestSchedulerTests {
    @Test(arguments: 0..<24 as Range<UInt64>)
    func aRandomWalkKeepsToItsWord(seed: UInt64) {
        var walk = SchedulerWalk(seed: seed)
        for _ in 0..<600 { walk.step() }
        walk.end()
    }
}

/// Peers that come, ask, read, leave; time, shards and the store, which do as they please; and a judge who knows what
/// each peer may expect.
private struct SchedulerWalk {
    private struct Call {
        let peer: PeerID
        let method: Request.Method
        /// In boot nanoseconds; `.max`: none.
        let deadline: Int64

        var isForIDs: Bool {
            switch method {
            case .nextID, .nextBatch: true
            default: false
            }
        }
    }

    private let scheduler: ScriptedScheduler
    private var random: SeededGenerator
    private var peers: [PeerID] = []
    private var open: [UInt64: Call] = [:]
    private var highest: [PeerID: UInt64] = [:]
    private var lastID: [PeerID: UInt64] = [:]
    private var given: Set<UInt64> = []
    private static let names = ["a", "b", "c"]

    private var requests: RequestScheduler<ScriptedShard> { scheduler.requests }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        scheduler = ScriptedScheduler(
            capacity: .random(in: 1...40, using: &random),
            shards: .random(in: 1...3, using: &random),
            turnShare: .random(in: 1...12, using: &random)
        )
    }

    mutating func step() {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: join()
        case 1 where peers.count > 3: leave()
        case 2...9: ask()
        case 10...13: advance()
        case 14: storeAnswers()
        case 15 where random.oneIn(3):
            if Bool.random(using: &random) { scheduler.rest.publish(isResting: true) } else { endRest() }
        case 15: changeShard()
        case 16: changeRoom()
        case 17 where random.oneIn(20): refuse()
        default: scheduler.wakeUp()
        }
        judge()
    }

    /// With room, IDs and values enough all are answered in the end.
    mutating func end() {
        for shard in scheduler.shards { (shard.condition, shard.capacity) = (.open, 100) }
        endRest()
        scheduler.room = [:]
        for _ in 0..<2000 where !open.isEmpty {
            for peer in peers { requests.hasRead(peer) }
            for name in Self.names { scheduler.storeHas(1000, of: name) }
            for number in Array(scheduler.sequences.replies.keys) {
                scheduler.reply(to: number, .page([], more: false))
            }
            scheduler.advance()
            judge()
        }
        #expect(open.isEmpty, "\(open.count) calls were never answered")
        #expect(requests.nextWakeUp == .max && requests.deadlines.count == 0)
        #expect(requests.storeRequests.count == 0 && requests.sequenceQueues.isEmpty)
        #expect(scheduler.shards.allSatisfy { !$0.isWaiting })
    }

    private mutating func join() {
        let peer = requests.join()
        #expect(!peers.contains(peer))
        peers.append(peer)
        (highest[peer], lastID[peer]) = (0, 0)
    }

    private mutating func leave() {
        let peer = peers.remove(at: .random(in: peers.indices, using: &random))
        if Bool.random(using: &random) { requests.drop(peer) }
        requests.leave(peer)
        open = open.filter { $0.value.peer != peer }
        scheduler.room[peer] = nil
        _ = scheduler.read(peer)
    }

    private mutating func ask() {
        guard let peer = peers.randomElement(using: &random), requests.pendingCount(of: peer) < 30 else { return }
        let name = Name(Self.names.randomElement(using: &random)!)!
        let method: Request.Method =
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4: .nextID
            case 5...6: .nextBatch(count: .random(in: 1...60, using: &random))
            case 7...8: .nextTickets(sequence: name, count: .random(in: 1...5, using: &random))
            default: .listSequences(after: nil)
            }
        let timeout: UInt32 = Bool.random(using: &random) ? 0 : .random(in: 1...20, using: &random)
        let call = scheduler.ask(peer, method, timeoutMilliseconds: timeout)
        open[call] = Call(
            peer: peer,
            method: method,
            deadline: timeout == 0 ? .max : scheduler.now + Int64(timeout) * 1_000_000
        )
    }

    private mutating func advance() {
        scheduler.advance(milliseconds: random.oneIn(10) ? .random(in: 2...30, using: &random) : 1)
    }

    private mutating func storeAnswers() {
        scheduler.storeHas(.random(in: 1...6, using: &random), of: Self.names.randomElement(using: &random)!)
        if let number = scheduler.sequences.replies.keys.sorted().randomElement(using: &random) {
            scheduler.reply(to: number, .page([], more: false))
        }
    }

    private mutating func changeShard() {
        let shard = scheduler.shards.randomElement(using: &random)!
        shard.condition = random.oneIn(4) ? ScriptedShard.Condition.allCases.randomElement(using: &random)! : .open
        if random.oneIn(8) { shard.firstTick = scheduler.tick + .random(in: 1...2000, using: &random) }
        shard.isReplaced = random.oneIn(2)
    }

    private mutating func endRest() {
        let told = scheduler.listener.windows
        scheduler.rest.publish(isResting: false)
        if scheduler.listener.windows > told { scheduler.storeAnswered(.windows) }
    }

    private mutating func changeRoom() {
        guard let peer = peers.randomElement(using: &random) else { return }
        if Bool.random(using: &random) {
            scheduler.room[peer] = .random(in: 0...200, using: &random)
        } else {
            scheduler.room[peer] = nil
            requests.hasRead(peer)
        }
    }

    private mutating func refuse() {
        if Bool.random(using: &random) {
            scheduler.refuse()
        } else {
            scheduler.refuse(peers.randomElement(using: &random))
        }
    }

    private mutating func judge() {
        for peer in Array(scheduler.answers.keys) {
            for answer in scheduler.read(peer) { judge(answer, of: peer) }
        }
        let parked = Set(peers.filter { requests.isParked($0) })
        for call in open.values where !(call.isForIDs && parked.contains(call.peer)) {
            #expect(call.deadline > scheduler.now || requests.nextWakeUp <= scheduler.now, "a deadline was forgotten")
            #expect(requests.nextWakeUp <= call.deadline)
        }
        for peer in peers {
            #expect(requests.pendingCount(of: peer) == open.values.count { $0.peer == peer })
        }
        for (index, shard) in scheduler.shards.enumerated() {
            let line = requests.peers.taken.filter {
                requests.peers[$0].shard == index && requests.peers[$0].place == .line
            }
            #expect(shard.isWaiting == !line.isEmpty && requests.lines[index].waiting.count == line.count)
            for slot in line { #expect(!requests.peers[slot].forIDs.isEmpty) }
        }
    }

    private mutating func judge(_ answer: ScriptedScheduler.Answer, of peer: PeerID) {
        guard let call = open.removeValue(forKey: answer.callID), call.peer == peer else {
            return #expect(Bool(false), "call \(answer.callID) was answered twice, or to another peer")
        }
        switch (call.method, answer.outcome) {
        case (.nextID, .nextID), (.nextBatch, .nextBatch):
            if case .nextBatch(let count) = call.method { #expect(answer.ids.count == Int(count)) }
            #expect(answer.callID > highest[peer]!, "answered in their order")
            highest[peer] = answer.callID
            #expect(strictlyRise([lastID[peer]!] + answer.ids))
            lastID[peer] = answer.ids.last
            let shard = UInt64(requests.peers[peer.slot].shard)
            for id in answer.ids { #expect(given.insert(id << 2 | shard).inserted, "an ID was given twice") }
        case (.nextTickets(_, let count), .nextTickets): #expect(answer.values.count == Int(count))
        case (.listSequences, .listSequences): break
        case (_, .error(let status)):
            if status.code == .deadlineExceeded { #expect(call.deadline <= scheduler.now) }
        default: #expect(Bool(false), "\(call.method) was answered with \(answer.outcome)")
        }
    }
}
