import Foundation

/// Prometheus' own checker: the one that `SLUICE_PROMTOOL` names, of `make readers`, or of the system (Debian's package
/// `prometheus`).
enum Promtool {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let rules = root.appendingPathComponent("Host/Telemetry/Dashboards/alerts.yaml").path

    private static var program: String {
        if let named = ProcessInfo.processInfo.environment["SLUICE_PROMTOOL"], !named.isEmpty { return named }
        let made = root.appendingPathComponent(".build/readers/bin/promtool").path
        return FileManager.default.isExecutableFile(atPath: made) ? made : "promtool"
    }

    /// Hands `input` over. That it is not there is said aloud.
    ///
    /// - Throws: what it finds fault with, warnings among it.
    static func check(_ arguments: [String], input: String = "") throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus != 127 else {
            return print("NOT CHECKED by promtool, absent (make readers): \(arguments.joined(separator: " "))")
        }
        guard process.terminationStatus == 0 else {
            throw Failure(description: "promtool \(arguments.joined(separator: " ")): \(said)")
        }
    }
}
