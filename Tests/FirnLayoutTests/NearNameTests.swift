import Testing

@testable import FirnLayout

@Suite struct NearNameTests {
    @Test(arguments: [
        ("layot", "layout"), ("stroe", "store"), ("etcd-endpoint", nil), ("max-conections", "max-connections"),
        ("x", nil),
        ("etcd-password", nil), ("http", "http"),
    ])
    func theNearestIsFound(_ written: String, _ nearest: String?) {
        let names = ["layout", "store", "state-dir", "max-connections", "http", "etcd-prefix"]
        #expect(NearName.of(written, among: names) == nearest)
    }

    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1), ("abc", "ac", 1),
        ("stroe", "store", 1), ("kitten", "sitting", 3),
    ])
    func oneExchangeOfNeighboursIsOneStep(_ a: String, _ b: String, _ distance: Int) {
        #expect(NearName.distance(Array(a.utf8), Array(b.utf8)) == distance)
    }
}
