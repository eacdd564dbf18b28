// swift-tools-version:5.9
// How the Swift package is built.

import PackageDescription

// `make swift` puts what is generated into Sources/SlipstreamUniffi and
// Sources/slipstream_uniffiFFI.
let package = Package(
    name: "slipstream-kv",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [.library(name: "Slipstream", targets: ["Slipstream"])],
    targets: [
        .systemLibrary(name: "slipstream_uniffiFFI"),
        .target(
            name: "SlipstreamUniffi",
            dependencies: ["slipstream_uniffiFFI"],
            linkerSettings: [.linkedLibrary("slipstream_uniffi")]
        ),
        .target(name: "Slipstream", dependencies: ["SlipstreamUniffi"]),
        .testTarget(name: "SlipstreamTests", dependencies: ["Slipstream"]),
    ]
)
