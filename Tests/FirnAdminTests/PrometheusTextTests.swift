import FirnAdmin
import Testing

/// The text format itself, byte by byte.
@Suite struct PrometheusTextTests {
    @Test func aFamilyIsItsHelpItsTypeAndItsSamples() {
        var page = PrometheusText()
        page.family("firn_ids_total", .counter, "IDs given out.")
        page.sample([("shard", "0")], UInt64.max)
        page.sample([("shard", "1"), ("x", "y")], UInt64(0))
        page.family("up", .gauge, "Is it?")
        page.sample([], 0.25)
        #expect(
            page.text == """
                # HELP firn_ids_total IDs given out.
                # TYPE firn_ids_total counter
                firn_ids_total{shard="0"} 18446744073709551615
                firn_ids_total{shard="1",x="y"} 0
                # HELP up Is it?
                # TYPE up gauge
                up 0.25

                """
        )
    }

    @Test func whatWouldEndALineOrALabelIsEscaped() {
        var page = PrometheusText()
        page.family("a", .gauge, "back\\slash\nand \"quotes\"")
        page.sample([("l", "back\\slash\nand \"quotes\"")], 1.0)
        #expect(
            page.text == #"""
                # HELP a back\\slash\nand "quotes"
                # TYPE a gauge
                a{l="back\\slash\nand \"quotes\""} 1

                """#
        )
    }

    @Test func numbersAreAsPrometheusWritesThem() {
        let cases: [(Double, String)] = [
            (0, "0"), (1, "1"), (-1.5, "-1.5"), (1e-6, "1e-06"), (0.0001, "0.0001"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"), (1e21, "1e+21"), (10, "10"),
        ]
        for (value, text) in cases {
            var page = PrometheusText()
            page.family("a", .gauge, "A.")
            page.sample([], value)
            #expect(page.text.hasSuffix("\na \(text)\n"), "\(value)")
        }
    }

    @Test func aHistogramsBucketsAddUp() {
        var page = PrometheusText()
        page.family("t", .histogram, "T.")
        page.histogram([("s", "0")], bounds: [0.001, 1], counts: [2, 0, 5], sum: 70.5)
        #expect(
            page.text == """
                # HELP t T.
                # TYPE t histogram
                t_bucket{s="0",le="0.001"} 2
                t_bucket{s="0",le="1"} 2
                t_bucket{s="0",le="+Inf"} 7
                t_sum{s="0"} 70.5
                t_count{s="0"} 7

                """
        )
    }

    @Test func namesAreMadeOfAnything() {
        #expect(PrometheusText.name(from: "http.requests-per second") == "http_requests_per_second")
        #expect(PrometheusText.name(from: "9lives") == "_9lives")
        #expect(PrometheusText.name(from: "") == "_")
        #expect(PrometheusText.name(from: "a:b") == "a:b")
        #expect(PrometheusText.name(from: "a:b", forLabel: true) == "a_b")
        #expect(PrometheusText.name(from: "__name__", forLabel: true) == "_name__")
        for text in ["", "é", "a b", "\0", "7"] {
            #expect(PrometheusText.isName(PrometheusText.name(from: text)))
        }
        #expect(!PrometheusText.isName("a b") && !PrometheusText.isName("") && !PrometheusText.isName("1a"))
    }
}
