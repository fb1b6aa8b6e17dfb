// swift-tools-version: 6.2

// The modules, and which way the arrows point:
//
//     firnd ──► FirnServer ──► FirnStore ──► FirnEngine ──► FirnLayout
//                   │                                          ▲
//                   └────────► FirnWire ───────────────────────┤
//                                 ▲                            │
//     firn ───► FirnClient ───────┴────────────────────────────┘
//
// The server and the client never import each other. Only FirnWire sees the C protobuf code, only SQLiteStore
// sees SQLite, and only FirnClient sees SwiftNIO.

import PackageDescription

/// One array for every Swift target, so that no module can fall behind the others.
let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "firn",
    products: [
        .library(name: "FirnLayout", targets: ["FirnLayout"])
    ],
    targets: [
        .target(name: "FirnLayout", swiftSettings: swiftSettings),
        .testTarget(
            name: "FirnLayoutTests",
            dependencies: ["FirnLayout"],
            exclude: ["Vectors"],  // read where it lies, by #filePath
            swiftSettings: swiftSettings
        ),
    ],
    swiftLanguageModes: [.v6]
)
