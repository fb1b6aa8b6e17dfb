// swift-tools-version: 6.2

// A package of its own, so that users of Firn do not fetch what its examples use.

import PackageDescription

let swiftSettings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (Context.environment["FIRN_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])

let package = Package(
    name: "firn-examples",
    dependencies: [
        .package(name: "firn", path: "..", traits: ["ServiceLifecycle"]),
        // Without its default traits, which bring full Foundation.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .executableTarget(
            name: "stamped-service",
            dependencies: [
                .product(name: "FirnClient", package: "firn"),
                .product(name: "FirnLayout", package: "firn"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/StampedService",
            swiftSettings: swiftSettings
        ),
        .systemLibrary(name: "SQLite3", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .executableTarget(
            name: "bulk-loader",
            dependencies: [
                "SQLite3",
                .product(name: "FirnClient", package: "firn"),
                .product(name: "FirnLayout", package: "firn"),
            ],
            path: "Sources/BulkLoader",
            swiftSettings: swiftSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)
