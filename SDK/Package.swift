// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error),
]

let package = Package(
    name: "SDK",
    products: [
        .library(name: "CSluice", targets: ["CSluice"]),
        .library(name: "Exact", targets: ["Exact"]),
        .library(name: "COpenSSL", targets: ["COpenSSL"]),
        .library(name: "Signing", targets: ["Signing"]),
        .library(name: "Recording", targets: ["Recording"]),
        .library(name: "AdapterKit", targets: ["AdapterKit"]),
        .library(name: "AdapterTesting", targets: ["AdapterTesting"]),
    ],
    targets: [
        .target(name: "CSluice", path: "CSluice"),
        .target(name: "Exact", path: "Exact", swiftSettings: settings),
        .systemLibrary(name: "COpenSSL", path: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // What a host signs with. Adapters never link it: they say what to sign.
        .target(
            name: "Signing", dependencies: ["CSluice", "COpenSSL", "Exact"], path: "Signing", swiftSettings: settings),
        // What crosses the boundary, as frames. Hosts record, tests replay; adapters never link it.
        .target(
            name: "Recording", dependencies: ["CSluice", "Exact"], path: "Recording", exclude: ["README.md"],
            swiftSettings: settings),
        .target(
            name: "AdapterKit", dependencies: ["CSluice", "Exact"], path: "AdapterKit",
            // Views that the compiler keeps from being stored; users of the kit need no flag.
            swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
        .target(
            name: "AdapterTesting", dependencies: ["AdapterKit", "Signing", "Recording", "CSluice", "Exact"],
            path: "AdapterTesting",
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
