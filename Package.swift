// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error),
]

/// One room of the house: a library target of the host.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], linker: [LinkerSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Host/\(name)", exclude: exclude, swiftSettings: swiftSettings,
        linkerSettings: linker)
}

/// Tests of one room.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", exclude: exclude,
        resources: resources, swiftSettings: swiftSettings)
}

let exact = Target.Dependency.product(name: "Exact", package: "SDK")
let contract = Target.Dependency.product(name: "CSluice", package: "SDK")
let adapterKit = Target.Dependency.product(name: "AdapterKit", package: "SDK")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")

let package = Package(
    name: "sluice",
    dependencies: [
        .package(path: "SDK"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    ],
    targets: [
        room("Domain", [exact]),
        room("Engine", ["Domain"]),
        room("Store", ["Domain", grdb, nioLocks]),
        room("Telemetry", ["Domain", histogram, nioLocks]),
        room("Settings", ["Domain", yams]),
        room("Prices", ["Domain", "Settings", nioLocks]),
        .target(name: "CHost", path: "Host/CHost"),
        .systemLibrary(name: "COpenSSL", path: "Host/COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        room("Adapters", ["Domain", "Settings", "CHost", "COpenSSL", contract, nioLocks, logging]),
        room(
            "Gateway",
            ["Domain", "Engine", "Store", "Telemetry", "Settings", "Prices", "Adapters", nioLocks, nioPosix, logging]),
    ],
    swiftLanguageModes: [.v6]
)
