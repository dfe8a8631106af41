import Adapters
import Domain
import Foundation
import Gateway
import Logging
import NIOConcurrencyHelpers
import Testing

/// The libraries of the fault table, compiled once a test run, and a data directory for adapters.
struct FaultFixture: Sendable {
    /// Manifests and libraries: `faulty` and `steady`, one code under two ids.
    let adapters: String
    let data: String

    static let shared: FaultFixture? = try? FaultFixture()

    init(adapters: String, data: String) { (self.adapters, self.data) = (adapters, data) }

    init() throws {
        let workplace = try Workplace()
        Self.kept.withLockedValue { $0 = workplace }
        atexit { FaultFixture.kept.withLockedValue { $0 = nil } }
        (adapters, data) = (workplace.directory("adapters.d"), workplace.directory("data"))
        for directory in [adapters, data] {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for id in ["faulty", "steady"] {
            try Self.compile(id, to: "\(adapters)/libsluice-\(id).so")
            try Data("manifest: 1\nid: \(id)\nlibrary: libsluice-\(id).so\n".utf8)
                .write(to: URL(fileURLWithPath: "\(adapters)/\(id).yaml"))
        }
        // A data directory belongs to one host at a time, and cells run side by side: the copies that all of them run are
        // made here.
        let clock = ManualClock()
        let host = AdapterHost(
            AdapterHostConfiguration(
                directories: [adapters], dataDirectory: data, hostVersion: "1.0.0", swiftRelease: Sluice.swiftRelease),
            environment: LaneEnvironment(clock: clock, random: SeededLaneRandom(seed: 1)) { _ in
                SteppedLanes(clock: clock)
            }, logger: Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() })
        try host.load()
        try #require(host.statuses.count == 2 && host.statuses.allSatisfy { $0.state == .loaded })
    }

    private static let kept = NIOLockedValueBox<Workplace?>(nil)

    private static func compile(_ id: String, to path: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/cc")
        process.arguments = [
            "-std=gnu11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-DID=\"\(id)\"",
            "-I", "\(root)/SDK/CSluice/include", "-I", "\(root)/Tests/Faults/CBrokerBook/include", "-o", path,
            "\(root)/Tests/Faults/Adapter/faulty.c", "\(root)/Tests/Faults/CBrokerBook/broker_book.c",
        ]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "the fixture does not compile")
        chmod(path, 0o755)
    }
}
