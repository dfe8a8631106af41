import Domain
import Exports
import Foundation
import Logging
import Settings
import Testing

@testable import API

@Suite("A scheduled export puts whole periods into a directory, with a manifest of hashes")
struct ScheduledExportTests {
    private static let every = SluiceConfiguration.Exports().everyNanoseconds

    private func settings(_ directory: String, datasets: [String]) -> SluiceConfiguration.Exports {
        var settings = SluiceConfiguration.Exports()
        (settings.directory, settings.datasets, settings.format) = (directory, datasets, "ndjson")
        return settings
    }

    private func scheduled(_ fixture: APIFixture, _ settings: SluiceConfiguration.Exports) throws -> ScheduledExport {
        try #require(
            ScheduledExport(
                settings, sources: ExportSources(fixture.runtime) { _ in nil }, logger: Logger(label: "test")))
    }

    /// By the system's own tool.
    private func sum(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sha256sum", path]
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return String(text.prefix(64))
    }

    @Test("The files are those of the interface, their hashes those that sha256sum finds; a period is written once")
    func period() async throws {
        let fixture = try await APIFixture()
        let directory = fixture.directory.appendingPathComponent("exports").path
        let export = try scheduled(fixture, settings(directory, datasets: ExportDataset.allCases.map(\.rawValue)))
        try await APIFixture.router(fixture) { client in
            try await ExportTests.place(3, client)
            let now = fixture.gateway.clock.wall().nanoseconds
            let (from, to) = (
                Timestamp(nanoseconds: now - 3_600_000_000_000), Timestamp(nanoseconds: now + 3_600_000_000_000)
            )
            let name = try #require(try await export.export(from: from, to: to))
            let manifest = try JSONValue.parse(
                Array(try Data(contentsOf: URL(fileURLWithPath: name + "/manifest.json"))))
            let files = manifest["files"]?.array ?? []
            #expect(files.count == ExportDataset.allCases.count && manifest["from"]?.string == from.rfc3339)
            for file in files {
                let path = "\(name)/\(file["name"]?.string ?? "")"
                let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                #expect(try sum(path) == file["sha256"]?.string && file["bytes"]?.int64 == Int64(bytes.count))
                #expect(bytes.count { $0 == UInt8(ascii: "\n") } == Int(file["rows"]?.int64 ?? -1))
                if ["legs", "runs"].contains(file["dataset"]?.string) {
                    let asked = try await ExportTests.bytes(
                        client,
                        "/api/exports/\(file["dataset"]?.string ?? "")?format=ndjson&from=\(from.rfc3339)&to=\(to.rfc3339)"
                    )
                    #expect(Array(bytes) == asked)
                }
            }
            #expect(files.first { $0["dataset"]?.string == "legs" }?["rows"]?.int64 == 9)
            #expect(try await export.export(from: from, to: to) == nil)
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.count == 1 && left.allSatisfy { $0.hasSuffix("Z") })
        }
    }

    @Test("A new directory begins with the period that has just ended; later starts make up for what is missing since")
    func backlog() async throws {
        let fixture = try await APIFixture(accounts: 1)
        let directory = fixture.directory.appendingPathComponent("exports").path
        let export = try scheduled(fixture, settings(directory, datasets: ["runs"]))
        func periods() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
        await export.makeUp()
        let first = try periods()
        #expect(first.count == 1)
        await export.makeUp()
        #expect(try periods() == first, "nothing before the first period is made up for")
        // As if the gateway had run five periods ago, and not since.
        let newest = try #require(first.first.flatMap { Self.beginning(of: $0) })
        let oldest = Self.name(of: newest.advanced(by: -5 * Self.every))
        try FileManager.default.moveItem(atPath: "\(directory)/\(first[0])", toPath: "\(directory)/\(oldest)")
        await export.makeUp()
        let expected = (0...5).reversed().map { Self.name(of: newest.advanced(by: -Int64($0) * Self.every)) }
        #expect(try periods() == expected)
        // Bounded, however long it was away.
        let ancient = Self.name(of: newest.advanced(by: -50 * Self.every))
        for name in expected.dropFirst() { try FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
        try FileManager.default.moveItem(atPath: "\(directory)/\(oldest)", toPath: "\(directory)/\(ancient)")
        await export.makeUp()
        #expect(try periods().count == 1 + ScheduledExport.maximumBacklog)
        // One that was cut off is begun anew.
        let lost = try #require(try periods().last)
        try FileManager.default.moveItem(atPath: "\(directory)/\(lost)", toPath: "\(directory)/.\(lost).partial")
        await export.makeUp()
        let again = try periods()
        #expect(again.contains(lost) && again.allSatisfy { !$0.hasPrefix(".") })
        await fixture.stop()
    }

    private static func name(of period: Timestamp) -> String {
        "\(period.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" })Z"
    }

    private static func beginning(of name: String) -> Timestamp? {
        let digits = Array(name)
        guard digits.count == 16 else { return nil }
        let (day, time) = (String(digits[0..<8]), String(digits[9..<15]))
        func pairs(_ text: Substring) -> String {
            text.count <= 2 ? String(text) : "\(text.prefix(2)):\(pairs(text.dropFirst(2)))"
        }
        return Timestamp(
            rfc3339: "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))T\(pairs(time[...]))Z")
    }

    @Test("A directory that cannot be written leaves nothing of a period, and the next one is tried again")
    func unwritable() async throws {
        let fixture = try await APIFixture(accounts: 1)
        let file = fixture.directory.appendingPathComponent("taken")
        try "x".write(to: file, atomically: true, encoding: .utf8)
        let export = try scheduled(fixture, settings(file.path, datasets: ["runs"]))
        await #expect(throws: (any Error).self) {
            try await export.export(from: Timestamp(nanoseconds: 0), to: Timestamp(nanoseconds: 1_000_000_000))
        }
        await export.makeUp()
        #expect(try String(contentsOf: file, encoding: .utf8) == "x")
        await fixture.stop()
    }

    @Test("The words of the settings are those of the exports")
    func words() {
        #expect(SluiceConfiguration.Exports.allDatasets == ExportDataset.allCases.map(\.rawValue))
        #expect(SluiceConfiguration.Exports.allFormats == ExportFormat.allCases.map(\.rawValue))
    }
}
