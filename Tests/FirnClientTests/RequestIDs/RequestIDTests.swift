import FirnTestSupport
import Synchronization
import Testing

@testable import FirnClient

@Suite(.timeLimit(.minutes(2))) struct RequestIDTests {
    @Test func numbersArePartOfTheirPrefixAndEnd() {
        var numbers = RequestIDNumbers(prefix: "a", maximumNumber: 8)
        let first = (1...8).map { _ in numbers.next() }
        #expect(first.map { $0?.number } == [1, 2, 3, 4, 5, 6, 7, 8] && first.allSatisfy { $0?.prefix == "a" })
        // The last quarter begins after six.
        #expect(first.map { $0?.wantsPrefix } == [false, false, false, false, false, true, false, false])
        #expect(numbers.next() == nil && numbers.wantsPrefix)
        numbers.prefixReceived("b")
        #expect(!numbers.wantsPrefix)
        #expect(numbers.next() == .init(prefix: "b", number: 1, wantsPrefix: false))
    }

    @Test(arguments: [1, 2, 3, 4, 5, 1000]) func aPrefixIsWantedOnceWhereverItsNumbersEnd(maximum: Int) {
        var numbers = RequestIDNumbers(prefix: "a", maximumNumber: maximum)
        let given = (1...maximum).map { _ in numbers.next()! }
        #expect(given.count(where: \.wantsPrefix) == 1 && numbers.next() == nil)
    }

    @Test func textsAreThePrefixAndTheNumber() throws {
        for (number, text) in [(1, "1"), (9, "9"), (10, "10"), (99, "99"), (100, "100"), (4_294_967_295, "4294967295")]
        {
            #expect(RequestIDCore.text(of: .init(prefix: "S-1", number: number, wantsPrefix: false)) == "S-1-\(text)")
        }
        let last = RequestIDCore.text(of: .init(prefix: "", number: .max, wantsPrefix: false))
        #expect(last == "-9223372036854775807")
        for _ in 0..<1000 {
            let number = Int.random(in: 0...Int.max) >> Int.random(in: 0..<63)
            let text = RequestIDCore.text(of: .init(prefix: "Größe", number: number, wantsPrefix: false))
            #expect(text == "Größe-\(number)")
        }
    }

    /// What two atomics in place of one value would do wrong: a number read, the prefix replaced, and both put together.
    /// Then a prefix has a number twice, none at all, or one past its last.
    ///
    /// For a second, and not for a number of IDs: how many there are in it is the machine's and a sanitizer's affair. And
    /// with few tasks: more of them keep the one that asks for prefixes from its turn, and prefixes are what it is about.
    @Test(arguments: [1, 3, 10]) func noNumberMeetsAnotherPrefix(maximum: Int) async throws {
        let core = RequestIDCore(prefix: "p-1", maximumNumber: maximum)
        let prefixes = PrefixCount()
        let running = Task {
            await core.run { () throws(FirnClientError) in
                "p-\(prefixes.value.wrappingAdd(1, ordering: .relaxed).newValue)"
            }
        }
        let ids = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var ids: [String] = []
                    while prefixes.value.load(ordering: .relaxed) < 500 {
                        if let id = try? core.next() { ids.append(id) } else { await Task.yield() }
                    }
                    return ids
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        running.cancel()
        await running.value
        var numbers: [String: [Int]] = [:]
        for id in ids {
            let parts = id.split(separator: "-")
            numbers["\(parts[1])", default: []].append(Int(parts[2])!)
        }
        #expect(numbers.count > 1 && numbers.count >= ids.count / maximum)
        // Whole, but for the prefix that was in use in the end.
        let last = String(numbers.keys.map { Int($0)! }.max()!)
        for (prefix, numbers) in numbers {
            let whole = prefix == last ? Array(1...numbers.count) : Array(1...maximum)
            #expect(numbers.sorted() == whole, "prefix \(prefix)")
        }
    }

    @Test func failuresAreReportedAndRetried() async throws {
        let core = RequestIDCore(prefix: "p-1", maximumNumber: 1)
        let calls = Atomic(0)
        let running = Task {
            await core.run { () throws(FirnClientError) in
                guard calls.wrappingAdd(1, ordering: .relaxed).newValue == 3 else {
                    throw FirnClientError(code: .unreachable, message: "nobody there")
                }
                return "p-2"
            }
        }
        #expect(try core.next() == "p-1-1")
        var errors: [FirnClientError] = []
        var next: String?
        try await eventually("another prefix") {
            do {
                next = try core.next()
                return true
            } catch {
                errors.append(error as! FirnClientError)
                return false
            }
        }
        #expect(next == "p-2-1" && errors.allSatisfy { $0.code == .prefixExhausted && $0.isRetryable })
        #expect(errors.contains { $0.message.contains("nobody there") && $0.cause != nil })
        running.cancel()
        await running.value
        let last = #expect(throws: FirnClientError.self) { try core.next() }
        #expect(
            last?.code == .prefixExhausted && last?.message.contains("has ended") == true && last?.retryAfter == nil
        )
    }

    @Test func configurationIsKeptInRange() {
        var configuration = RequestIDGeneratorConfiguration()
        #expect(configuration.inRange.maximumNumber == 4_294_967_295)
        configuration.maximumNumber = 0
        #expect(configuration.inRange.maximumNumber == 1)
    }

    #if os(Linux)
        // In a process of its own, as the buffer's.
        @Test func aForkedChildRepeatsNothing() async {
            await #expect(processExitsWith: .success) {
                let core = RequestIDCore(prefix: "p-1", maximumNumber: 10)
                precondition((try? core.next()) == "p-1-1")
                precondition(inForkedChild { (try? core.next()) == nil } == true, "the child made an ID")
                precondition((try? core.next()) == "p-1-2")
            }
        }
    #endif
}

/// How many prefixes a source has given, read by other tasks too.
private final class PrefixCount: Sendable {
    let value = Atomic(1)
}
