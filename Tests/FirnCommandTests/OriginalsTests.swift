import FirnTestSupport
import Foundation
import Testing

/// The four systems that named sequences stand for, each as those who built it tell of it, on the real `firnd`.
@Suite(.timeLimit(Firnd.patience)) struct OriginalsTests {
    /// "TicketServer1: auto-increment-increment = 2, auto-increment-offset = 1; TicketServer2: auto-increment-increment = 2,
    /// auto-increment-offset = 2." Two servers that know nothing of each other: one gives the odd numbers, the other the
    /// even ones. Source: code.flickr.net, "Ticket Servers: Distributed Unique Primary Keys on the Cheap", 2010.
    @Test func flickrsTicketServersGiveOddAndEvenNumbers() throws {
        let (ticketServer1, ticketServer2) = (try Firnd(), try Firnd())
        // MySQL's offset is the first value, here it is the remainder: 2 is 0.
        let create = ["sequence", "create", "Tickets64", "--increment", "2"]
        #expect(try ticketServer1.firn(create + ["--offset", "1"]).exitCode == 0)
        #expect(try ticketServer2.firn(create + ["--offset", "0"]).exitCode == 0)

        // "We round-robin between the two servers."
        var photos: [UInt64] = []
        for _ in 1...3 {
            photos += try ticketServer1.tickets("Tickets64")
            photos += try ticketServer2.tickets("Tickets64")
        }
        #expect(photos == [1, 2, 3, 4, 5, 6])

        // The sides drift when one is down, and no number comes twice.
        ticketServer1.end(with: SIGKILL)
        photos += try ticketServer2.tickets("Tickets64", 1000)
        #expect(photos.suffix(1000).elementsEqual(stride(from: 8, through: 2006, by: 2)))
        try ticketServer1.restart(after: SIGKILL)
        photos += try ticketServer1.tickets("Tickets64", 1000)
        #expect(photos.suffix(1000).allSatisfy { $0 % 2 == 1 })
        #expect(Set(photos).count == photos.count)
    }

    /// "ID = (shard ID << 46) | (type ID << 36) | (local ID << 0)": 241294492511762325 is shard 3429, type 1, local
    /// 7075733. Source: Pinterest Engineering, "Sharding Pinterest: How we scaled our MySQL fleet", 2015.
    @Test(arguments: [(1, 7_075_733, "241294492511762325"), (3, 733, "241294629943640797")])
    func pinterestsIDsAreThePublishedOnes(type: Int, local: Int, id: String) throws {
        let daemon = try Firnd()
        let created = try daemon.firn(
            ["sequence", "create", "shard3429.\(type)", "--pinterest"]
                + ["--shard", "3429", "--type", "\(type)", "--start", "\(local)"]
        )
        #expect(created.exitCode == 0 && created.output.contains("pinterest(shard=3429,type=\(type))"))
        #expect(try daemon.firn("ticket", "shard3429.\(type)").output == id + "\n")

        let decoded = try Command.run("decode", id, "--layout", "pinterest", "--format", "json")
        #expect(decoded.output.contains(#""shard":3429,"type":\#(type),"local":\#(local),"#), "\(decoded)")
        let next = try #require(daemon.tickets("shard3429.\(type)").first)
        #expect(String(next - 1) == id, "the next object of that type is the shard's next row")
    }

    /// A manager gives each instance of ServiceA a prefix when it starts; the instance appends its own count, and asks
    /// nobody any more. Source: the talk "A practical way to generate unique id in Go".
    @Test func instancesOfServiceAHavePrefixesOfTheirOwn() throws {
        let manager = try Firnd()
        func startInstance() throws -> String {
            let command = try manager.firn("prefix", "ServiceA")
            #expect(command.exitCode == 0, "\(command)")
            return command.output.trimmingCharacters(in: .newlines)
        }
        let (first, second) = (try startInstance(), try startInstance())
        #expect(first == "ServiceA-1" && second == "ServiceA-2")
        #expect((1...2).map { "\(first)-\($0)" } == ["ServiceA-1-1", "ServiceA-1-2"])

        // A manager that crashed remembers; another service counts for itself.
        try manager.restart(after: SIGKILL)
        #expect(!["ServiceA-1", "ServiceA-2"].contains(try startInstance()))
        #expect(try manager.firn("prefix", "ServiceB").output == "ServiceB-1\n")
    }

    /// Leaf takes segments from its database and hands them out of memory: it writes once a segment, and what is left of
    /// one when the server dies is lost. Source: Meituan, "Leaf: a distributed ID generation system", segment mode, 2017.
    @Test func leafsSegmentsSurviveARestart() throws {
        let step: UInt64 = 100
        let daemon = try Firnd("--sequence-block", "\(step)")
        #expect(try daemon.tickets("leaf-segment-test", 5) == [1, 2, 3, 4, 5])

        try daemon.restart(after: SIGTERM)
        #expect(try daemon.tickets("leaf-segment-test", 5) == [6, 7, 8, 9, 10], "a clean stop leaves no gap")

        for _ in 1...3 {
            let last = try #require(daemon.tickets("leaf-segment-test").first)
            try daemon.restart(after: SIGKILL)
            let next = try #require(daemon.tickets("leaf-segment-test").first)
            #expect(next > last && next - last <= step, "\(next) after \(last): at most a segment is lost")
        }
    }
}
