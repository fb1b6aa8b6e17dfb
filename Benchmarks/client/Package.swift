// swift-tools-version: 6.2
import PackageDescription

// Apart from the product's package, so that nobody who uses that builds it.
let package = Package(
    name: "client-bench",
    dependencies: [.package(name: "firn", path: "../..")],
    targets: [
        .executableTarget(name: "client-bench", dependencies: [.product(name: "FirnClient", package: "firn")])
    ],
    swiftLanguageModes: [.v6]
)
