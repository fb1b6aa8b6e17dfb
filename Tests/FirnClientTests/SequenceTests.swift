import FirnLayout
import FirnWire
import Testing

@testable import FirnClient

/// The calls for named sequences against a scripted daemon.
@Suite(.timeLimit(.minutes(1))) struct SequenceTests {
    @Test func ticketsAreTheRunsThatTheDaemonGives() async throws {
        try await withServer { client, requests in
            async let one = client.nextTicket(sequence: "orders")
            let single = await requests.next()!
            #expect(single.request.method == .nextTickets(sequence: Name("orders")!, count: 1))
            single.answerTickets(Run(first: FirnID(rawValue: 7), count: 1, stride: 2))
            let givenOne = try await one
            #expect(givenOne.rawValue == 7)

            async let many = client.nextTickets(sequence: "orders", count: 5)
            let call = await requests.next()!
            #expect(call.request.method == .nextTickets(sequence: Name("orders")!, count: 5))
            call.answerTickets(
                Run(first: FirnID(rawValue: 9), count: 2, stride: 2),
                Run(first: FirnID(rawValue: 101), count: 3, stride: 2)
            )
            let givenMany = try await many
            #expect(givenMany.map(\.rawValue) == [9, 11, 101, 103, 105])
        }
    }

    @Test func theLargestCountIsOneCallAndALargerOneIsRefusedByTheClient() async throws {
        var configuration = FirnClientConfiguration.patient
        configuration.maximumBatchSize = 10
        try await withServer(configuration) { client, requests in
            for count in [0, -1, 65_537, Int.max, Int.min] {
                let error = await error { () async throws(FirnClientError) in
                    try await client.nextTickets(sequence: "orders", count: count)
                }
                #expect(error?.code == .invalidArgument && error?.message.contains("1 to 65536") == true)
                #expect(error?.message.contains("\(count) tickets") == true)
            }
            async let largest = client.nextTickets(sequence: "orders", count: 65_536)
            // Nothing was sent before it.
            let call = await requests.next()!
            #expect(call.request.method == .nextTickets(sequence: Name("orders")!, count: 65_536))
            call.answerTickets(Run(first: FirnID(rawValue: 1), count: 65_536, stride: 1))
            let given = try await largest
            #expect(given.count == 65_536)
        }
    }

    @Test func prefixesAreTexts() async throws {
        try await withServer { client, requests in
            async let prefix = client.nextPrefix(service: "ServiceA")
            let call = await requests.next()!
            #expect(call.request.method == .newPrefix(service: Name("ServiceA")!))
            call.answer(prefix: "ServiceA-12")
            let given = try await prefix
            #expect(given == "ServiceA-12")
        }
    }

    @Test(arguments: ["", "a b", "a/b", "ä", "a\0b", "a\n", String(repeating: "x", count: 65)])
    func invalidNamesAreRefusedByTheClient(name: String) async throws {
        try await withServer { client, requests in
            let errors = [
                await error { () async throws(FirnClientError) in try await client.nextTicket(sequence: name) },
                await error { () async throws(FirnClientError) in try await client.nextPrefix(service: name) },
                await error { () async throws(FirnClientError) in
                    try await client.createSequence(FirnSequence(name: name))
                },
            ]
            for error in errors {
                #expect(error?.code == .invalidArgument && error?.message.contains(name.quoted) == true)
            }
            async let prefix = client.nextPrefix(service: "A.b_c-9")
            let first = await requests.next()!
            #expect(first.request.callID == 1, "no call was made before")
            first.answer(prefix: "A.b_c-9-1")
            _ = try await prefix
        }
    }

    @Test func aDefinitionIsSentAsItIsWithZeroForWhatIsLeftOut() async throws {
        let sent: [(FirnSequence, SequenceDescription)] = [
            (FirnSequence(name: "a"), SequenceDescription(name: Name("a")!)),
            (FirnSequence(name: "a", increment: 2), SequenceDescription(name: Name("a")!, increment: 2, offset: 1)),
            (
                FirnSequence(name: "a", increment: 2, offset: 0),
                SequenceDescription(name: Name("a")!, increment: 2, offset: 0)
            ),
            (
                FirnSequence(name: "p", kind: .pinterest(shard: 3429, type: 1), next: 7, maximum: 9),
                SequenceDescription(name: Name("p")!, kind: .pinterest(shard: 3429, type: 1), next: 7, maximum: 9)
            ),
            (FirnSequence(name: "s", kind: .prefix), SequenceDescription(name: Name("s")!, kind: .prefix)),
        ]
        try await withServer { client, requests in
            for (definition, description) in sent {
                async let created = client.createSequence(definition)
                let call = await requests.next()!
                #expect(call.request.method == .createSequence(description))
                var answer = description
                (answer.next, answer.maximum) = (8, 10)
                call.answer(created: answer)
                var expected = definition
                (expected.next, expected.maximum) = (8, 10)
                let given = try await created
                #expect(given == expected)
            }
        }
    }

    @Test(
        arguments: [
            (FirnSequence(name: "a", increment: 0, offset: 0), "increment 0"),
            (FirnSequence(name: "a", increment: 2, offset: 2), "offset 2"),
            (FirnSequence(name: "a", offset: 1), "offset 1"), (FirnSequence(name: "a", next: 0), "start 0"),
            (FirnSequence(name: "a", maximum: 0), "maximum 0"),
            (FirnSequence(name: "a", next: 9, maximum: 8), "start 9"),
            (FirnSequence(name: "a", kind: .pinterest(shard: 65_536, type: 0)), "shard 65536"),
            (FirnSequence(name: "a", kind: .pinterest(shard: 65_535, type: 1024)), "type 1024"),
        ]
    )
    func invalidDefinitionsAreRefusedByTheClient(definition: FirnSequence, hint: String) async throws {
        try await withServer { client, _ in
            let error = await error { () async throws(FirnClientError) in try await client.createSequence(definition) }
            #expect(error?.code == .invalidArgument && error?.message.contains(hint) == true)
        }
    }

    @Test func aSequenceAtItsEndHasNoNextValue() {
        var description = SequenceDescription(name: Name("a")!, next: 8, maximum: 8)
        #expect(FirnSequence(description).next == 8)
        description.next = 9
        #expect(FirnSequence(description).next == nil)
        (description.next, description.maximum) = (0, .max)
        #expect(FirnSequence(description).next == nil)
    }

    @Test func pagesAreFollowedByName() async throws {
        try await withServer { client, requests in
            async let sequences = client.sequences()
            let first = await requests.next()!
            #expect(first.request.method == .listSequences(after: nil))
            first.answer(page: [.named("A"), .named("a")], more: true)
            let second = await requests.next()!
            #expect(second.request.method == .listSequences(after: Name("a")!))
            second.answer(page: [.named("b")], more: true)
            let third = await requests.next()!
            #expect(third.request.method == .listSequences(after: Name("b")!))
            third.answer(page: [], more: false)
            let given = try await sequences
            #expect(given.map(\.name) == ["A", "a", "b"])
        }
    }

    @Test func aTicketCallWhoseAnswerWasLostIsMadeAgain() async throws {
        try await withServer { client, requests in
            async let tickets = client.nextTickets(sequence: "orders", count: 2)
            await requests.next()!.close()
            let again = await requests.next()!
            #expect(again.connection == 2)
            again.answerTickets(Run(first: FirnID(rawValue: 3), count: 2, stride: 1))
            let given = try await tickets
            #expect(given.map(\.rawValue) == [3, 4])
        }
    }

    @Test func theDaemonsRefusalIsPassedOnUnchanged() async throws {
        try await withServer { client, requests in
            async let error = error { () async throws(FirnClientError) in
                try await client.nextTicket(sequence: "orders")
            }
            await requests.next()!.answer(Status(.failedPrecondition, "the sequence orders is at its maximum"))
            let given = await error
            #expect(given?.code == .failedPrecondition && given?.isRetryable == false)
            #expect(given?.message == "the sequence orders is at its maximum")
        }
    }
}
