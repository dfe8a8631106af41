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
        .library(name: "AdapterKit", targets: ["AdapterKit"]),
        .library(name: "AdapterTesting", targets: ["AdapterTesting"]),
    ],
    targets: [
        .target(name: "CSluice", path: "CSluice"),
        .target(name: "Exact", path: "Exact", swiftSettings: settings),
        .target(
            name: "AdapterKit", dependencies: ["CSluice", "Exact"], path: "AdapterKit",
            // Views that the compiler keeps from being stored; users of the kit need no flag.
            swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
        .target(
            name: "AdapterTesting", dependencies: ["AdapterKit", "CSluice", "Exact"], path: "AdapterTesting",
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
