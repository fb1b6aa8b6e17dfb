// swift-tools-version: 6.2

// docs/images/modules-light.svg shows the modules, and which way the arrows point; scripts/draw-modules draws it.
//
// The server and the client never import each other; FirnUpstream is a client of another daemon. Only FirnWire sees the C protobuf code, only FirnSQLite sees SQLite,
// only FirnEtcd sees grpc-swift, only FirnGRPC sees nghttp2, only FirnPostgres sees libpq, only FirnTLS, FirnEtcd and
// FirnClient see TLS, and only these, FirnNIO, FirnHTTP and FirnGRPC see SwiftNIO.

import PackageDescription

/// One array for every Swift target, so that no module can fall behind the others. scripts/test sets FIRN_STRICT: here a
/// warning is an error, and a newer compiler's warnings are nobody else's trouble.
let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (Context.environment["FIRN_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])

/// What only a build with etcd compiles. Without the trait the products still build; the test targets need it.
let etcd = TargetDependencyCondition.when(traits: ["Etcd"])
/// Likewise with PostgreSQL.
let postgres = TargetDependencyCondition.when(traits: ["Postgres"])
/// Likewise with TLS.
let tls = TargetDependencyCondition.when(traits: ["TLS"])
/// Likewise with the store of another daemon.
let upstream = TargetDependencyCondition.when(traits: ["Upstream"])
/// Likewise with the gRPC server.
let grpc = TargetDependencyCondition.when(traits: ["GRPC"])

let package = Package(
    name: "firn",
    // For FirnClient on macOS, whose Synchronization module begins with 15. The daemon needs Linux.
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "FirnLayout", targets: ["FirnLayout"]),
        .library(name: "FirnClient", targets: ["FirnClient"]),
        .library(name: "FirnGenerator", targets: ["FirnGenerator"]),
        .library(name: "FirnLeases", targets: ["FirnLeases"]),
        .executable(name: "firnd", targets: ["firnd"]),
        .executable(name: "firn", targets: ["firn"]),
    ],
    traits: [
        .default(enabledTraits: ["Etcd", "GRPC", "Postgres", "TLS", "Upstream"]),
        .trait(name: "Etcd", description: "firnd and firn reach stores in etcd; brings gRPC and TLS."),
        .trait(name: "GRPC", description: "firnd serves gRPC; brings HTTP/2."),
        .trait(name: "Postgres", description: "firnd and firn reach stores in PostgreSQL; needs libpq's header."),
        .trait(name: "TLS", description: "firnd serves and FirnClient connects with TLS; brings BoringSSL."),
        .trait(name: "Upstream", description: "firnd and firn reach the store of another daemon."),
        .trait(name: "ServiceLifecycle", description: "FirnClient is a Service of swift-service-lifecycle."),
        .trait(name: "Metrics", description: "FirnClient counts its calls and connections with swift-metrics."),
        .trait(name: "Tracing", description: "FirnClient's calls are spans of swift-distributed-tracing."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure values and the engine: no I/O, no dependency.
        .target(name: "FirnLayout", swiftSettings: swiftSettings),
        .target(name: "CTimeCounter"),
        .target(name: "FirnEngine", dependencies: ["CTimeCounter", "FirnLayout"], swiftSettings: swiftSettings),

        // The wire.
        .systemLibrary(
            name: "CProtobufC",
            pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"]), .brew(["protobuf-c"])]
        ),
        .target(name: "CFirnProto", dependencies: ["CProtobufC"]),
        .target(name: "FirnWire", dependencies: ["CFirnProto", "FirnLayout"], swiftSettings: swiftSettings),

        // The daemon.
        .target(name: "FirnStore", swiftSettings: swiftSettings),
        .target(name: "FirnFiles", dependencies: ["FirnStore"], swiftSettings: swiftSettings),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "FirnSQLite", dependencies: ["CSQLite", "FirnFiles", "FirnStore"], swiftSettings: swiftSettings),
        .target(
            name: "FirnEtcd",
            dependencies: [
                "FirnStore",
                .product(name: "GRPCCore", package: "grpc-swift-2", condition: etcd),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport", condition: etcd),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: etcd),
                .product(name: "NIOCore", package: "swift-nio", condition: etcd),
                .product(name: "NIOPosix", package: "swift-nio", condition: etcd),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: etcd),
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: etcd),
            ],
            exclude: ["Generated/SOURCES"],
            swiftSettings: swiftSettings
        ),
        // Loads libpq at its first use, and does not link it.
        .target(name: "CPostgres"),
        .target(
            name: "FirnPostgres",
            dependencies: [.target(name: "CPostgres", condition: postgres), "FirnStore"],
            swiftSettings: swiftSettings
        ),
        .target(name: "CLinux"),
        // Keeps a worker's window in a store, for the daemon and for a minter.
        .target(
            name: "FirnWindows",
            dependencies: ["CLinux", "FirnEngine", "FirnLayout", "FirnStore"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "FirnServer",
            dependencies: [
                "CLinux", "FirnEngine", "FirnLayout", "FirnStore", "FirnWindows", "FirnWire",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings
        ),
        // What the servers on SwiftNIO share.
        .target(
            name: "FirnNIO",
            dependencies: [
                "FirnServer",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        // TLS for all doors, and the framed protocol with it.
        .target(
            name: "FirnTLS",
            dependencies: [
                "FirnEngine", "FirnNIO", "FirnServer", "FirnStore", "FirnWindows", "FirnWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio", condition: tls),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: tls),
                .product(name: "NIOTLS", package: "swift-nio", condition: tls),
            ],
            swiftSettings: swiftSettings
        ),
        // HTTP over the same engine, for those who have no frames.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "FirnHTTP",
            dependencies: [
                "CZlib", "FirnEngine", "FirnLayout", "FirnNIO", "FirnServer", "FirnWindows", "FirnWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        // gRPC over the same engine, for every other language.
        .systemLibrary(
            name: "CNghttp2",
            pkgConfig: "libnghttp2",
            providers: [.apt(["libnghttp2-dev"]), .brew(["nghttp2"])]
        ),
        .target(
            name: "FirnGRPC",
            dependencies: [
                .target(name: "CNghttp2", condition: grpc),
                "FirnLayout", "FirnNIO", "FirnServer", "FirnWindows", "FirnWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        // What the daemon tells of itself: pure values and texts, no sockets.
        .target(
            name: "FirnAdmin",
            dependencies: [
                "FirnEngine", "FirnLayout", "FirnServer",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: swiftSettings
        ),
        // What the daemon and the command both have to find: the store, and the default paths.
        .target(
            name: "FirnConfiguration",
            dependencies: [
                .target(name: "FirnClient", condition: upstream), .target(name: "FirnEtcd", condition: etcd),
                .target(name: "FirnPostgres", condition: postgres), "FirnLayout", "FirnSQLite", "FirnStore",
                .target(name: "FirnUpstream", condition: upstream),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "firnd",
            dependencies: [
                "CLinux", "FirnAdmin", "FirnConfiguration", "FirnEngine", "FirnFiles",
                .target(name: "FirnGRPC", condition: grpc),
                "FirnHTTP", "FirnLayout", "FirnNIO", "FirnSQLite", "FirnServer", "FirnStore", "FirnTLS", "FirnWindows",
                "FirnWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftSettings
        ),

        // The client and the command.
        .target(name: "CFirnClient"),
        .target(
            name: "FirnClient",
            dependencies: [
                "CFirnClient", "FirnLayout", "FirnWire",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: tls),
                .product(name: "NIOTLS", package: "swift-nio", condition: tls),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
                .product(
                    name: "Tracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "firn",
            dependencies: [
                .target(name: "CLinux", condition: .when(platforms: [.linux])),
                "FirnClient", "FirnConfiguration", "FirnFiles", "FirnLayout", "FirnSQLite", "FirnStore", "FirnWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),

        // The store of other daemons, over the framed protocol.
        .target(
            name: "FirnUpstream",
            dependencies: ["FirnClient", "FirnStore", "FirnWire"],
            swiftSettings: swiftSettings
        ),

        // IDs inside a process: on a worker of its own, without a daemon.
        .target(
            name: "FirnMinter",
            dependencies: [
                "FirnEngine", "FirnLayout", "FirnStore", "FirnWindows",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "FirnGenerator",
            dependencies: [
                .target(name: "FirnEtcd", condition: etcd), "FirnEngine", "FirnFiles", "FirnLayout", "FirnMinter",
                .target(name: "FirnPostgres", condition: postgres), "FirnSQLite", "FirnStore", "FirnWindows",
            ],
            swiftSettings: swiftSettings
        ),

        // IDs inside a process, on a worker that a daemon leases.
        .target(
            name: "FirnLeases",
            dependencies: [
                "FirnClient", "FirnEngine", "FirnLayout", "FirnMinter", "FirnStore", "FirnWindows", "FirnWire",
            ],
            swiftSettings: swiftSettings
        ),

        // Simulated daemons for Benchmarks/scale.
        .executableTarget(
            name: "firn-storm",
            dependencies: [
                "FirnConfiguration", "FirnLayout", "FirnSQLite", "FirnStore", "FirnWindows",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/scale/storm",
            swiftSettings: swiftSettings
        ),

        // What several test targets need.
        .target(name: "FirnTestSupport", path: "Tests/FirnTestSupport", swiftSettings: swiftSettings),

        .target(
            name: "EtcdTestSupport",
            dependencies: ["FirnEtcd", "FirnTestSupport"],
            path: "Tests/EtcdTestSupport",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "PostgresTestSupport",
            dependencies: ["EtcdTestSupport", "FirnPostgres", "FirnTestSupport"],
            path: "Tests/PostgresTestSupport",
            swiftSettings: swiftSettings
        ),

        // Runs the parts of daemons together, on one thread and under faults: scripts/simulate.
        .target(name: "CCoroutines", path: "Tests/CCoroutines"),
        .executableTarget(
            name: "firn-sim",
            dependencies: ["CCoroutines", "FirnEngine", "FirnLayout", "FirnStore", "FirnTestSupport", "FirnWindows"],
            path: "Tests/Simulator",
            swiftSettings: swiftSettings
        ),

        .testTarget(
            name: "FirnLayoutTests",
            dependencies: ["FirnLayout", "FirnTestSupport"],
            exclude: ["Vectors"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnWireTests",
            dependencies: ["FirnLayout", "FirnWire", "FirnTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnServerTests",
            dependencies: [
                "FirnEngine", "FirnLayout", "FirnServer", "FirnStore", "FirnTestSupport", "FirnWindows", "FirnWire",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnHTTPTests",
            dependencies: [
                "CZlib", "FirnEngine", "FirnHTTP", "FirnLayout", "FirnServer", "FirnStore", "FirnTestSupport",
                "FirnWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnGRPCTests",
            dependencies: [
                "FirnEngine",
                .target(name: "FirnGRPC", condition: grpc),
                "FirnLayout", "FirnServer", "FirnStore", "FirnTestSupport", "FirnWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2", condition: grpc),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: grpc),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnAdminTests",
            dependencies: [
                "FirnAdmin", "FirnEngine", "FirnLayout", "FirnServer", "FirnTestSupport", "FirnWindows",
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnStoreTests",
            dependencies: [
                .target(name: "EtcdTestSupport", condition: etcd), .target(name: "FirnEtcd", condition: etcd),
                .target(name: "FirnPostgres", condition: postgres), "FirnFiles", "FirnSQLite", "FirnStore",
                "FirnTestSupport", "FirnUpstream", .target(name: "PostgresTestSupport", condition: postgres),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnFilesTests",
            dependencies: ["FirnFiles", "FirnStore", "FirnTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnSQLiteTests",
            dependencies: ["FirnFiles", "FirnSQLite", "FirnStore", "FirnTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnEtcdTests",
            dependencies: ["EtcdTestSupport", "FirnEtcd", "FirnStore"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnPostgresTests",
            dependencies: ["EtcdTestSupport", "FirnPostgres", "FirnStore", "FirnTestSupport", "PostgresTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnEngineTests",
            dependencies: ["FirnEngine", "FirnLayout", "FirnTestSupport"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnClientTests",
            dependencies: [
                "FirnClient", "FirnLayout", "FirnTestSupport", "FirnWire",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
                .product(
                    name: "InMemoryTracing",
                    package: "swift-distributed-tracing",
                    condition: .when(traits: ["Tracing"])
                ),
                .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"])),
            ],
            swiftSettings: swiftSettings
        ),
        // Made by scripts/generate-samples; that it compiles is the test.
        .target(
            name: "DocumentationSamples",
            dependencies: [
                "FirnClient", "FirnGenerator", "FirnLayout", "FirnLeases",
                .product(name: "Logging", package: "swift-log"),
                .product(
                    name: "ServiceLifecycle",
                    package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])
                ),
            ],
            path: "Tests/DocumentationSamples",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnMinterTests",
            dependencies: [
                "FirnEngine", "FirnGenerator", "FirnLayout", "FirnMinter", "FirnSQLite", "FirnStore", "FirnTestSupport",
                "FirnWindows",
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnConfigurationTests",
            dependencies: ["FirnConfiguration"],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "FirnCommandTests",
            dependencies: [
                "EtcdTestSupport", "FirnClient", "FirnLayout", "FirnSQLite", "FirnStore", "FirnTestSupport", "FirnWire",
                "PostgresTestSupport", "firn", "firnd",
            ],
            swiftSettings: swiftSettings
        ),
        // A process that mints on a leased worker, for tests that kill it.
        .executableTarget(
            name: "firn-lease-holder",
            dependencies: ["FirnLayout", "FirnLeases", "FirnTestSupport"],
            path: "Tests/LeaseHolder",
            swiftSettings: swiftSettings
        ),
        // Starts the real firnd and firn, which it depends on to have them built.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CSQLite", "EtcdTestSupport", "FirnClient", "FirnConfiguration", "FirnEngine", "FirnEtcd", "FirnFiles",
                "FirnGenerator", "FirnLayout", "FirnLeases", "FirnMinter", "FirnPostgres", "FirnSQLite", "FirnServer",
                "FirnStore",
                "FirnTestSupport", "FirnWindows", "FirnWire", "PostgresTestSupport", "firn", "firn-lease-holder",
                "firnd",
            ],
            swiftSettings: swiftSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)

/// Leaves targets out, and what the others say of them.
@MainActor func keepOnly(_ isKept: (Target) -> Bool) {
    package.targets.removeAll { !isKept($0) }
    let kept = Set(package.targets.map(\.name))
    for target in package.targets {
        target.dependencies.removeAll { dependency in
            guard case .targetItem(let name, _) = dependency else { return false }
            return !kept.contains(name)
        }
    }
}

// What the sanitizers' runs of scripts/test compile, and no more: gRPC and TLS would be compiled once again for each.
let parts: [String: Set<String>] = [
    // Where pointers are.
    "wire": [
        "CFirnProto", "CLinux", "CProtobufC", "CTimeCounter", "FirnEngine", "FirnLayout", "FirnServer",
        "FirnServerTests", "FirnStore",
        "FirnTestSupport", "FirnWindows", "FirnWire", "FirnWireTests",
    ],
    // Where threads share memory.
    "shared": [
        "CFirnClient", "CFirnProto", "CLinux", "CNghttp2", "CProtobufC", "CSQLite", "CTimeCounter", "CZlib",
        "FirnAdmin",
        "FirnAdminTests", "FirnClient", "FirnClientTests", "FirnEngine", "FirnEngineTests", "FirnFiles",
        "FirnFilesTests", "FirnGRPC", "FirnGRPCTests", "FirnGenerator", "FirnHTTP", "FirnHTTPTests", "FirnLayout",
        "FirnLeases", "FirnMinter", "FirnMinterTests", "FirnNIO", "FirnSQLite", "FirnSQLiteTests", "FirnServer",
        "FirnServerTests", "FirnStore", "FirnStoreTests", "FirnTestSupport", "FirnUpstream", "FirnWindows", "FirnWire",
    ],
    // What scripts/simulate builds, which needs no other package.
    "simulator": [
        "CCoroutines", "CLinux", "CTimeCounter", "FirnEngine", "FirnLayout", "FirnStore", "FirnTestSupport",
        "FirnWindows", "firn-sim",
    ],
]
if let part = Context.environment["FIRN_ONLY"] {
    guard let kept = parts[part] else {
        fatalError("FIRN_ONLY=\(part): say wire, shared or simulator, or leave it out")
    }
    keepOnly { kept.contains($0.name) }
    package.products = []
    if part == "simulator" { package.dependencies = [] }
}

// What scripts/build-release compiles, where both programs are made by one `swift build`. Without --product that makes every
// target but the tests: what only tests and benchmarks need is among those, and etcd and PostgreSQL, with their traits or
// without.
if let parts = Context.environment["FIRN_ONLY_PROGRAMS"] {
    keepOnly { target in
        let isForTests = target.isTest || target.path?.hasPrefix("Tests/") == true
        let isForBenchmarks = target.path?.hasPrefix("Benchmarks/") == true
        let isOfTrait = ["CNghttp2", "CPostgres", "FirnEtcd", "FirnGRPC", "FirnPostgres", "FirnUpstream"].contains(
            target.name
        )
        let isOfLibrary = ["FirnGenerator", "FirnLeases", "FirnMinter"].contains(target.name)
        return !isForTests && !isOfLibrary && !(isForBenchmarks && parts != "benchmarks")
            && !(parts == "small" && isOfTrait)
    }
    package.products.removeAll { ["FirnGenerator", "FirnLeases"].contains($0.name) }
}
