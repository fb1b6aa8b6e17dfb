#if TLS
    import Testing

    @testable import FirnClient

    /// The names of certificates, as RFC 9525 compares them.
    @Suite struct ServerNameTests {
        @Test(arguments: [
            ("firn.example.com", "firn.example.com"), ("Firn.Example.com.", "fIRN.eXAMPLE.com"),
            ("firn.example.com", "*.example.com"), ("localhost", "localhost"), ("a.internal", "*.internal"),
        ])
        func aNameMatches(name: String, pattern: String) {
            #expect(ServerName(name).matches(pattern))
        }

        @Test(arguments: [
            ("firn.example.com", "example.com"), ("example.com", "firn.example.com"),
            ("a.b.example.com", "*.example.com"), ("example.com", "*.example.com"), ("localhost", "*"),
            ("firn.example.com", "firn.*.com"), ("firn.example.com", "f*.example.com"), ("firn.example.com", ""),
        ])
        func anotherNameDoesNot(name: String, pattern: String) {
            #expect(!ServerName(name).matches(pattern))
        }

        /// An address is no name in a handshake.
        @Test func onlyANameIsAskedFor() {
            #expect(ServerName("localhost").inHandshake == "localhost")
            #expect(ServerName("127.0.0.1").inHandshake == nil && ServerName("::1").inHandshake == nil)
        }
    }
#endif
