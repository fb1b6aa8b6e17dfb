import FirnEtcd
import Testing

@Suite struct EtcdEndpointTests {
    @Test(arguments: [
        ("etcd-0.etcd:2379", "etcd-0.etcd", 2379), ("10.1.2.3:1", "10.1.2.3", 1), ("[fd00::1]:65535", "fd00::1", 65535),
    ])
    func hostAndPort(_ text: String, _ host: String, _ port: UInt16) {
        #expect(EtcdEndpoint(text[...]) == EtcdEndpoint(host: host, port: port))
        #expect(EtcdEndpoint(host: host, port: port).description == text)
    }

    @Test(arguments: [
        "", ":", ":2379", "host", "host:", "host:0", "host:65536", "host:+1", "host:2379 ", "ho st:1", "::1:2379",
        "[::1]", "[host]:1", "[]:1", "http://host:2379", "user@host:1", "höst:1",
    ])
    func anythingElseIsNone(_ text: String) {
        #expect(EtcdEndpoint(text[...]) == nil)
    }
}
