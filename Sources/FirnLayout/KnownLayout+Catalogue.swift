extension KnownLayout {
    /// The catalogue. What is more common comes first.
    ///
    /// A source that names no repository is a package of PyPI. The tests have an ID of each, minted by the package where
    /// it runs there.
    public static let all: [KnownLayout] =
        services + packages + sonyflakes + databases + othersOfInstagram + timeless

    private static let services = [
        KnownLayout(
            .snowflake,
            otherNames: ["leaf"],
            makers: "Twitter; bwmarrin/snowflake, Meituan's Leaf, oneflake and most that are called Snowflake",
            source: "twitter-archive/snowflake snowflake-2010 IdWorker.scala; bwmarrin/snowflake bc74ab2; "
                + "Meituan-Dianping/Leaf 86a6441 SnowflakeIDGenImpl.java; oneflake 0.1.0",
            since: "2010-11-04",
            textForm: "decimal; bwmarrin/snowflake also base58-flickr, base32-z",
            caution: "Above 2^53 they lose digits as JavaScript numbers. bwmarrin/snowflake and others start every "
                + "process with the worker that they are given, checked by nobody. Leaf begins a millisecond with a "
                + "number below 100.",
            formats: [.base58Flickr, .base32Z]
        ),
        KnownLayout(
            .discord,
            makers: "Discord; droops-snowflake",
            source: "docs.discord.com, API reference, Snowflakes; droops-snowflake 1.0.1",
            since: "2015-01-01",
            caution: "From 2084-09-06 on they are negative in a signed column. The worker is two fields, worker and "
                + "process."
        ),
        KnownLayout(
            .instagram,
            makers: "Instagram",
            source: "Instagram Engineering, Sharding & IDs at Instagram",
            since: "2011-08-24",
            textForm: "decimal; in addresses base64url",
            caution: "From 2046-06-27 on they are negative in a signed column. The sequence is a table's counter "
                + "modulo 1024 and says nothing. Three epochs go by this name.",
            sequences: .arbitrary
        ),
        KnownLayout(
            "mastodon",
            "time:48ms@1970-01-01T00:00:00Z,sequence:16",
            makers: "Mastodon",
            source: "mastodon/mastodon 0486db9 lib/mastodon/snowflake.rb",
            since: "2016-02-20",
            caution: "The lower 16 bits are a hash and a counter and say nothing. A post from another server has the "
                + "time which that server gives, and random lower bits.",
            sequences: .arbitrary
        ),
        KnownLayout(
            "tiktok",
            "time:32s@1970-01-01T00:00:00Z,milliseconds:10/random,sequence:8,entity:6,machine:8",
            makers: "TikTok, Douyin",
            source: "arXiv 2504.13279; dfir-unfurl parse_tiktok.py; reverse-engineered",
            since: "2014-08-01",
            caution: "Only the seconds are sure; the fields below are read from samples. Seconds that are read as "
                + "milliseconds give 1970.",
            workers: .arbitrary
        ),
        KnownLayout(
            "weibo",
            "time:31s@1986-05-03T05:51:03Z,worker:4,sequence:18",
            makers: "Sina Weibo",
            source: "weibocom/breeze 4de4ced endpoint/src/kv/uuid.rs; the width of the time is read from samples",
            since: "2009-08-14",
            textForm: "decimal; in addresses base62 in groups of seven digits",
            caution: "The text in an address is not the number in base62: each seven decimal digits are written alone.",
            sequences: .arbitrary
        ),
        KnownLayout(
            "atproto-tid",
            "time:53us@1970-01-01T00:00:00Z,worker:10",
            makers: "Bluesky and others of the AT Protocol; arroba",
            source: "atproto.com/specs/tid; bluesky-social/atproto 1213159 packages/common-web/src/tid.ts; arroba 3.1",
            since: "2022-01-01",
            textForm: "base32-sortable, 13 characters",
            caution: "Anyone can make one with any time. Bluesky's own has milliseconds and a counter of 3 digits, "
                + "and a clock number below 32.",
            workers: .arbitrary,
            formats: [.base32Sortable]
        ),
    ]

    private static let timeless = [
        KnownLayout(
            .pinterest,
            makers: "Pinterest",
            source: "Pinterest Engineering, Sharding Pinterest",
            since: "2012-01-01",
            caution: "There is no time in it."
        )
    ]
}
