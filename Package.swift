// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error),
]

/// One room of the house: a library target of the host.
func room(
    _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Host/\(name)", exclude: exclude, resources: resources,
        swiftSettings: swiftSettings)
}

/// Tests of one room.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = [])
    -> Target
{
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, path: "Tests/\(name)Tests", exclude: exclude,
        resources: resources, swiftSettings: swiftSettings)
}

/// How an adapter library is linked: one exported symbol, a soname without path, everything bound at load, never
/// unloaded, no path of the machine that built it.
func adapterLinking(_ id: String, isSwift: Bool) -> [LinkerSetting] {
    [
        .unsafeFlags(
            (isSwift ? [] : ["-nostartfiles"]) + [
                "-Xlinker", "--version-script=\(Context.packageDirectory)/Plugins/adapter.map",
                "-Xlinker", "-soname=libsluice-\(id).so", "-Xlinker", "-znodelete", "-Xlinker", "-znow",
                "-Xlinker", "-zrelro", "-no-toolchain-stdlib-rpath",
            ])
    ]
}

/// The one-file target that only an adapter's library is built from.
func adapterEntry(_ name: String, id: String, isSwift: Bool) -> Target {
    .target(
        name: "\(name)Entry", dependencies: [.target(name: name), contract], path: "Plugins/\(name)/Entry",
        publicHeadersPath: ".", linkerSettings: adapterLinking(id, isSwift: isSwift))
}

let exact = Target.Dependency.product(name: "Exact", package: "SDK")
let contract = Target.Dependency.product(name: "CSluice", package: "SDK")
let adapterKit = Target.Dependency.product(name: "AdapterKit", package: "SDK")
let adapterTesting = Target.Dependency.product(name: "AdapterTesting", package: "SDK")
let signing = Target.Dependency.product(name: "Signing", package: "SDK")
let recording = Target.Dependency.product(name: "Recording", package: "SDK")
let openssl = Target.Dependency.product(name: "COpenSSL", package: "SDK")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioCompression = Target.Dependency.product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .library(name: "sluice-paper", type: .dynamic, targets: ["PaperEntry"]),
        .library(name: "sluice-minimal", type: .dynamic, targets: ["MinimalEntry"]),
        .library(name: "sluice-zerodha", type: .dynamic, targets: ["ZerodhaEntry"]),
    ],
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
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.36.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.33.0"),
    ],
    targets: [
        // Host, bottom floor first.
        room("Domain", [exact]),
        room("Engine", ["Domain"], exclude: ["Coding/README.md"]),
        room("Faults", [nioLocks]),
        room("Store", ["Domain", "Faults", openssl, grdb, grdbSQLite, nioLocks]),
        room("Telemetry", ["Domain", histogram, grdb, nioLocks], exclude: ["README.md", "Dashboards"]),
        room("Settings", ["Domain", yams]),
        room(
            "Instruments", ["Domain", "Settings", grdb, nioLocks], exclude: ["README.md", "Namespaces/README.md"]),
        room("Prices", ["Domain", "Settings", "Instruments", nioLocks], resources: [.copy("Recorded")]),
        room("RiskConfiguration", ["Domain", "Engine", "Settings"], exclude: ["README.md"]),
        .target(name: "CHost", path: "Host/CHost"),
        room(
            "Transport",
            [
                openssl, nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, nioWebSocket, nioCompression, nioLocks,
            ], exclude: ["README.md"]),
        room(
            "Adapters",
            [
                "Domain", "Faults", "Settings", "Transport", "CHost", openssl, signing, recording, contract, nioLocks,
                nioPosix, logging,
            ],
            exclude: ["README.md", "Services/README.md"]),
        room(
            "Gateway",
            [
                "Domain", "Engine", "Faults", "Store", "Telemetry", "Settings", "RiskConfiguration", "Instruments",
                "Prices", "Transport", "Adapters", nioCore, nioLocks, nioPosix, logging,
            ], exclude: ["README.md"]),
        room(
            "Exports",
            [
                "Gateway", "Engine", "Store", "Telemetry", "Settings", "Domain", httpClient, nioCore, nioHTTP1,
                nioLocks, nioPosix, logging,
            ], exclude: ["README.md"]),
        room(
            "API",
            [
                "Exports", "Gateway", "Engine", "Store", "Adapters", "Instruments", "Prices", "Telemetry", "Settings",
                "RiskConfiguration", "Transport", "Domain", hummingbird,
                nioCore,
                nioPosix, nioHTTP1, nioWebSocket, nioLocks, logging,
            ], exclude: ["Live/README.md"]),
        room(
            "CLI",
            [
                "API", "Exports", "Gateway", "Store", "Settings", "RiskConfiguration", "Prices", "Faults", "Domain",
                "CHost", exact, adapterTesting, argumentParser, httpClient, nioCore, nioPosix, nioHTTP1, nioLocks,
                logging,
            ],
            exclude: ["Main"]),
        .executableTarget(name: "sluice", dependencies: ["CLI"], path: "Host/CLI/Main", swiftSettings: swiftSettings),

        // Adapters: logic, and the one file that makes it a library.
        .target(
            name: "Paper", dependencies: [adapterKit, exact], path: "Plugins/Paper/Logic", swiftSettings: swiftSettings),
        adapterEntry("Paper", id: "paper", isSwift: true),
        .target(name: "Minimal", dependencies: [contract], path: "Plugins/Minimal/Logic"),
        .target(
            name: "Zerodha", dependencies: [adapterKit, exact], path: "Plugins/Zerodha/Logic",
            swiftSettings: swiftSettings),
        adapterEntry("Zerodha", id: "zerodha", isSwift: true),
        adapterEntry("Minimal", id: "minimal", isSwift: false),

        // Benchmarks of `make bench`.
        .target(name: "CBench", dependencies: [contract], path: "Tests/Benchmarks/CBench"),
        .executableTarget(
            name: "sluice-bench",
            dependencies: [
                "CBench", "CHost", "API", "Exports", "Gateway", "RiskConfiguration", "Engine", "Store", "Adapters",
                "Instruments", "Prices", "Settings",
                "Telemetry", "Transport", "LoopbackBroker",
                "Domain",
                "Minimal", adapterKit, contract, exact, histogram, logging, nioLocks, grdbSQLite,
            ], path: "Tests/Benchmarks/Bench", swiftSettings: swiftSettings),

        // Simulation: worlds from a seed, for `swift test` and for `make simulate`.
        .target(
            name: "SimulationKit",
            dependencies: [
                "Gateway", "Engine", "Store", "Adapters", "Instruments", "Prices", "Telemetry", "Domain", adapterKit,
                exact, nioLocks, logging,
            ], path: "Tests/Simulation/Kit", swiftSettings: swiftSettings),
        .executableTarget(
            name: "sluice-simulate", dependencies: ["SimulationKit"], path: "Tests/Simulation/Run",
            swiftSettings: swiftSettings),

        // Report storms: order histories told cleanly and in disorder, for `swift test` and for `make storms`.
        .target(
            name: "StormKit", dependencies: ["Engine", "Domain"], path: "Tests/Storms/Kit", swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "sluice-storms", dependencies: ["StormKit"], path: "Tests/Storms/Run", swiftSettings: swiftSettings),

        // A SQLite file system for tests, in which operations fail as a test wants it.
        .target(name: "CFaultVFS", dependencies: [grdbSQLite], path: "Tests/Faults/CFaultVFS"),
        // The books of the broker that the fault table's adapter speaks to.
        .target(name: "CBrokerBook", path: "Tests/Faults/CBrokerBook"),

        // Tests, one folder a target.
        tests("Exact", [exact]),
        tests("Signing", [signing, contract, exact, openssl]),
        tests("Recording", [recording, adapterTesting, contract, exact]),
        tests("Engine", ["Engine", "Domain"]),
        tests("ABI", [contract], exclude: ["generate-layout.sh", "layout-1.0.c", "layout-1.0.golden"]),
        tests("AdapterKit", [adapterKit, adapterTesting, exact, contract], exclude: ["Fixtures"]),
        tests("Minimal", ["Minimal", adapterKit, adapterTesting, exact, contract]),
        tests(
            "Gateway",
            [
                "Gateway", "Engine", "Store", "Adapters", "Instruments", "Prices", "Settings", "Telemetry", "Domain",
                logging,
                nioLocks,
            ]),
        tests("Paper", ["Paper", adapterKit, adapterTesting, exact]),
        tests(
            "Zerodha", ["Zerodha", adapterKit, adapterTesting, exact], exclude: ["Fixtures/README.md"],
            resources: [
                .copy("Fixtures/errors.json"), .copy("Fixtures/requests.json"), .copy("Fixtures/text_frames.json"),
            ]),
        .target(
            name: "LoopbackBroker", dependencies: [nioCore, nioPosix, nioHTTP1, nioWebSocket, nioLocks],
            path: "Tests/LoopbackBroker", exclude: ["README.md"], swiftSettings: swiftSettings),
        tests(
            "Adapters",
            [
                "Adapters", "Transport", "Settings", "Domain", "LoopbackBroker", adapterTesting, contract, openssl,
                "CHost", nioLocks, logging,
            ], exclude: ["Fixtures"]),
        tests(
            "Transport",
            ["Transport", "LoopbackBroker", openssl, nioCore, nioPosix, nioSSL, nioLocks]),
        tests(
            "API",
            [
                "API", "Exports", "Gateway", "Engine", "Store", "Adapters", "Instruments", "Prices", "Domain",
                "Settings", exact,
                hummingbird,
                hummingbirdTesting, nioLocks, nioPosix, nioCore, logging,
            ]),
        tests(
            "Exports",
            [
                "Exports", "Gateway", "Engine", "Store", "Settings", "Domain", nioCore, nioHTTP1, nioPosix, nioLocks,
                logging,
            ], exclude: ["Readers"]),
        tests("CLI", ["CLI", "Settings", "Domain", exact, nioCore, nioPosix, nioHTTP1]),
        tests("EndToEnd", [exact, openssl, "LoopbackBroker", nioLocks]),
        tests("Simulation", ["SimulationKit"]),
        tests("Storms", ["StormKit"]),
        tests("Settings", ["Settings", "Domain"]),
        tests("RiskConfiguration", ["RiskConfiguration", "Engine", "Settings", "Domain"]),
        .target(
            name: "InstrumentKit", dependencies: ["Instruments", "Settings", "Domain"], path: "Tests/InstrumentKit",
            swiftSettings: swiftSettings),
        tests("Instruments", ["InstrumentKit", "Instruments", "Settings", "Domain", grdb, nioLocks]),
        tests("Prices", ["InstrumentKit", "Prices", "Instruments", "Settings", "Domain", nioLocks]),
        tests("Store", ["Store", "Domain", grdb, nioLocks]),
        tests("Faults", ["Faults"]),
        tests(
            "FaultInjection",
            [
                "CFaultVFS", "CBrokerBook", "SimulationKit", "Gateway", "Engine", "Adapters", "Instruments", "Prices",
                "Telemetry", "Store", "Domain", grdb, grdbSQLite, nioLocks, logging,
            ]),
        tests("Telemetry", ["Telemetry", "Domain", grdb, nioLocks]),
    ],
    swiftLanguageModes: [.v6]
)
