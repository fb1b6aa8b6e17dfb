extension KnownLayout {
    static let packages = [
        KnownLayout(
            "tsid",
            "time:42ms@2020-01-01T00:00:00Z,worker:10,sequence:12",
            makers: "f4b6a3/tsid-creator, vladmihalcea/hypersistence-tsid; tsidpy",
            source: "f4b6a3/tsid-creator a28f536 Tsid.java; vladmihalcea/hypersistence-tsid 4b44d69 TSID.java; tsidpy "
                + "1.1.5",
            since: "2020-01-01",
            textForm: "base32 (Crockford), 13 characters",
            caution: "The node is random unless it is set, so 38 processes collide with probability one half. A "
                + "millisecond begins with a random number. The bits of the node are a setting of the process.",
            workers: .arbitrary,
            sequences: .arbitrary,
            formats: [.base32]
        ),
        KnownLayout(
            "unix",
            "time:41ms@1970-01-01T00:00:00Z,worker:10,sequence:12",
            otherNames: ["linkedin"],
            makers: "snowflake-id, kitx-snowflake, snowflake-id-toolkit and others that leave the epoch at 0; "
                + "LinkedIn's posts",
            source: "snowflake-id 1.0.2; kitx-snowflake 1.1.1; snowflake-id-toolkit 0.6.0; of LinkedIn only the time: "
                + "dfir-unfurl parse_linkedin.py",
            since: "2010-01-01",
            caution: "They end in 2039, decades before those with an epoch of their own. kitx-snowflake's time stands "
                + "still until a millisecond's 4,096 numbers are used up."
        ),
        KnownLayout(
            "yitter",
            "time:51ms@2020-02-19T18:20:02Z,worker:6,sequence:6/first=5",
            makers: "yitter/IdGenerator in Go, Java, Rust, C, C++, Delphi, PHP and Python",
            source: "yitter/IdGenerator 942ba6a Go/source/idgen/IdGeneratorOptions.go",
            since: "2020-02-20",
            caution: "The widths are settings of the process. Numbers 1 to 4 are of a clock that was set back. After "
                + "a full millisecond it takes from the future. Go shifts the worker in 16 bits. Python counts one too far in a "
                + "full millisecond: that ID is the next worker's.",
            rarity: .uncommon
        ),
        KnownLayout(
            "yitter-csharp",
            "time:51ms@2020-02-20T02:20:02.020Z,worker:6,sequence:6/first=5",
            makers: "yitter/IdGenerator in C#",
            source: "yitter/IdGenerator 942ba6a C#/source/Yitter.IdGenerator/Contract/IdGeneratorOptions.cs",
            since: "2020-02-20",
            caution: "Eight hours behind the same package in Go: of one instant C# makes the smaller IDs, and those "
                + "of one may repeat the other's.",
            rarity: .rare
        ),
        KnownLayout(
            "yitter-js",
            "time:51ms@2020-01-01T00:00:00Z,worker:6,sequence:6/first=5",
            makers: "yitter/IdGenerator in TypeScript",
            source: "yitter/IdGenerator 942ba6a TypeScript/snowflakeIdv1.ts",
            since: "2020-01-01",
            caution: "A third epoch of one package, seven weeks before the others.",
            rarity: .rare
        ),
        KnownLayout(
            "baidu",
            "time:28s@2016-05-19T16:00:00Z,worker:22,sequence:13",
            makers: "baidu/uid-generator",
            source: "baidu/uid-generator 2fcbc13 DefaultUidGenerator.java, its defaults",
            since: "2016-05-20",
            caution: "Ended on 2024-11-20: since then DefaultUidGenerator refuses, and CachedUidGenerator makes "
                + "negative IDs. An epochStr that is set is read in the JVM's time zone. The worker is a row of a "
                + "table, a new one at each start.",
            rarity: .uncommon
        ),
        KnownLayout(
            "baidu-readme",
            "time:29s@2016-09-19T16:00:00Z,worker:21,sequence:13",
            makers: "baidu/uid-generator as its README sets it",
            source: "baidu/uid-generator 2fcbc13 README.md: timeBits 29, workerBits 21, seqBits 13, epochStr "
                + "2016-09-20",
            since: "2016-09-20",
            caution: "Ends on 2033-09-24. The epoch is this one where the JVM's time zone is UTC+8; elsewhere it is "
                + "another, by hours.",
            rarity: .uncommon
        ),
        KnownLayout(
            "cosid",
            "time:41ms@2019-12-24T16:00:00Z,worker:10,sequence:12",
            makers: "Ahoo-Wang/CosId",
            source: "Ahoo-Wang/CosId fc29da0 CosId.java, MillisecondSnowflakeId.java",
            since: "2020-01-01",
            textForm: "base62",
            caution: "The number is carried on from one millisecond to the next and starts over past 2,047, so it "
                + "says nothing.",
            rarity: .uncommon,
            sequences: .carriedOn(below: 2048),
            formats: [.base62]
        ),
        KnownLayout(
            "seata",
            "worker:10,time:41ms@2020-05-02T16:00:00Z,sequence:12",
            makers: "Apache Seata",
            source: "apache/incubator-seata 3600e1c IdWorker.java",
            since: "2020-05-03",
            caution: "IDs of different workers do not sort by time. The clock is read once, at the start of the "
                + "process; from there on the time and the sequence together count the IDs.",
            rarity: .uncommon,
            workers: .arbitrary,
            sequences: .arbitrary
        ),
        KnownLayout(
            "shardingsphere",
            "time:41ms@2016-11-01T00:00:00Z,worker:10,sequence:12",
            makers: "Apache ShardingSphere where the JVM's time zone is UTC",
            source: "apache/shardingsphere 3517a0b SnowflakeKeyGenerateAlgorithm.java",
            since: "2016-11-01",
            caution: "The epoch is midnight in the JVM's time zone, by the offset of the day on which it starts: with "
                + "daylight saving time an hour is lost or repeated at the first restart after a change.",
            rarity: .uncommon
        ),
        KnownLayout(
            "shardingsphere-utc8",
            "time:41ms@2016-10-31T16:00:00Z,worker:10,sequence:12",
            makers: "Apache ShardingSphere where the JVM's time zone is UTC+8",
            source: "apache/shardingsphere 3517a0b SnowflakeKeyGenerateAlgorithm.java",
            since: "2016-11-01",
            caution: "A process in UTC makes again the IDs that one in UTC+8 made eight hours before.",
            rarity: .uncommon
        ),
        KnownLayout(
            .safe53,
            makers: "Firn",
            source: "Sources/FirnLayout/Layout+Presets.swift",
            since: "2025-01-01",
            caution: "512 IDs per millisecond and worker, and 8 workers.",
            rarity: .uncommon
        ),
    ]

    static let sonyflakes = [
        KnownLayout(
            .sonyflake,
            makers: "sony/sonyflake v1; sonyflake-py",
            source: "sony/sonyflake v1 sonyflake.go; sonyflake-py 1.3.0",
            since: "2014-09-01",
            caution: "A machine is the low 16 bits of a private address unless it is set: the same in two networks of "
                + "one plan. v1 and v2 have different epochs, and three orders go by this name.",
            rarity: .uncommon,
            workers: .arbitrary
        ),
        KnownLayout(
            .sonyflakeV2,
            makers: "sony/sonyflake v2; sonyflake as its README sets it",
            source: "sony/sonyflake f167a9d v2/sonyflake.go; sonyflake 2.0.3",
            since: "2025-01-01",
            caution: "The widths and the unit are settings. A start time off the unit is floored to it. After v1 the "
                + "same table gets smaller IDs.",
            rarity: .uncommon,
            workers: .arbitrary
        ),
        KnownLayout(
            "sonyflake-turbo",
            "time:39x10ms@2014-09-01T00:00:00Z,worker:16,sequence:8",
            makers: "sonyflake-turbo",
            source: "sonyflake-turbo 1.0.1",
            since: "2024-01-01",
            caution: "Machine and counter are the other way round than in sony/sonyflake: the number of one is "
                + "another machine's in the other.",
            rarity: .uncommon,
            workers: .arbitrary
        ),
        KnownLayout(
            "sonyflake-toolkit",
            "time:39x10ms@1970-01-01T00:00:00Z,worker:8,sequence:16",
            makers: "snowflake-id-toolkit, SonyflakeID",
            source: "snowflake-id-toolkit 0.6.0",
            since: "2024-01-01",
            caution: "Only order and name are Sonyflake's. After 65,536 numbers in a tick they run into the node.",
            rarity: .rare
        ),
    ]

    static let databases = [
        KnownLayout(
            "cockroach",
            "time:48x10us@2015-01-01T00:00:00Z,worker:15",
            makers: "CockroachDB's unique_rowid()",
            source: "cockroachdb/cockroach pkg/sql/sem/builtins/builtins.go, GenerateUniqueInt",
            since: "2015-01-01",
            caution: "The instance is XORed in: one from 32,768 on changes the time. Above 100,000 IDs per second the "
                + "time runs ahead of the clock. unordered_unique_rowid() is another layout.",
            rarity: .uncommon
        ),
        KnownLayout(
            "tso",
            "time:46ms@1970-01-01T00:00:00Z,sequence:18",
            makers: "TiDB, TiKV, PD: a transaction's start_ts and commit_ts",
            source: "tikv/client-go b75f6ef oracle/oracle.go; docs.pingcap.com, TimeStamp Oracle",
            since: "2015-01-01",
            caution: "They are timestamps: two transactions of two clusters have the same.",
            rarity: .uncommon
        ),
        KnownLayout(
            "pgedge",
            "time:41ms@2023-01-01T00:00:00Z,worker:10,sequence:12",
            makers: "pgEdge's PostgreSQL extension snowflake from 1.2 on",
            source: "pgEdge/snowflake v1.2 to v2.6.0 (ebbdae8) snowflake.c",
            since: "2024-03-30",
            caution: "1.0 and 1.1 had node and counter the other way round, as the README of 2.2 still says: after an "
                + "upgrade the same number is another node's.",
            rarity: .uncommon
        ),
        KnownLayout(
            "pgedge-1.1",
            "time:41ms@2023-01-01T00:00:00Z,sequence:12,worker:10",
            makers: "pgEdge's PostgreSQL extension snowflake up to 1.1",
            source: "pgEdge/snowflake v1.1 snowflake.c",
            since: "2023-01-01",
            caution: "An ID without a number in its millisecond has the node where later versions have the number.",
            rarity: .rare
        ),
    ]

    static let othersOfInstagram = [
        KnownLayout(
            "instagram-2011",
            "time:41ms@2011-01-01T00:00:00Z,worker:13,sequence:10",
            makers: "ferroid, SnowflakeInstagramId",
            source: "s0l0ist/ferroid 0635811 crates/ferroid/src/time/interface.rs",
            since: "2024-01-01",
            caution: "Not Instagram's own epoch: Instagram's IDs come out eight months too early.",
            rarity: .rare
        ),
        KnownLayout(
            "instagram-2013",
            "time:41ms@2013-12-17T06:50:00Z,worker:13,sequence:10",
            makers: "snowflake-util",
            source: "snowflake-util 1.0.0b7 snowflake/enums.py",
            since: "2024-01-01",
            caution: "Not Instagram's own epoch: Instagram's IDs come out two years too late.",
            rarity: .rare,
            sequences: .arbitrary
        ),
    ]
}
