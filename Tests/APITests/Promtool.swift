import Foundation

/// Prometheus' own checker, where it is installed (Debian's package `prometheus`), or where `SLUICE_PROMTOOL` names it.
enum Promtool {
    struct Failure: Error, CustomStringConvertible { var description: String }

    static let rules = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Host/Telemetry/Dashboards/alerts.yaml").path

    /// Hands `input` over. That it is not there is said aloud.
    ///
    /// - Throws: what it finds fault with, warnings among it.
    static func check(_ arguments: [String], input: String = "") throws {
        let named = ProcessInfo.processInfo.environment["SLUICE_PROMTOOL"].flatMap { $0.isEmpty ? nil : $0 }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [named ?? "promtool"] + arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus != 127 else {
            return print("NOT CHECKED by promtool, which is not installed: \(arguments.joined(separator: " "))")
        }
        guard process.terminationStatus == 0 else {
            throw Failure(description: "promtool \(arguments.joined(separator: " ")): \(said)")
        }
    }
}
