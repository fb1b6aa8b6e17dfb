// swift-tools-version: 6.2

// Measures the client as its users see it: in another package, so that only code of the client's modules is inlined
// that is public and inlinable.

import PackageDescription

let package = Package(
    name: "client-bench",
    dependencies: [
        .package(name: "firn", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        .target(name: "CCounting"),
        .executableTarget(
            name: "client-bench",
            dependencies: [
                "CCounting",
                .product(name: "FirnClient", package: "firn"),
                .product(name: "FirnGenerator", package: "firn"),
                .product(name: "FirnLayout", package: "firn"),
                .product(name: "FirnLeases", package: "firn"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
