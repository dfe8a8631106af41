import Domain
import Foundation

/// Readers that are not ours: scripts of `Tests/ExportsTests/Readers`, run by Python.
enum PythonReader {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// The one of `make readers`, which has the packages that readers need, where it was made; else the system's.
    /// `SLUICE_PYTHON` names another.
    static var interpreter: String {
        if let named = ProcessInfo.processInfo.environment["SLUICE_PYTHON"], !named.isEmpty { return named }
        let made = root.deletingLastPathComponent().appendingPathComponent(".build/readers/bin/python3").path
        return FileManager.default.isExecutableFile(atPath: made) ? made : "python3"
    }

    /// What a script prints of a document.
    ///
    /// - Returns: `nil` where the script, by status 77, or the system lacks what it needs; said aloud.
    static func read(_ document: [UInt8], with script: String) throws -> JSONValue? {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try Data(document).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [interpreter, root.appendingPathComponent("ExportsTests/Readers/\(script)").path, file.path]
        let (out, error) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, error)
        try process.run()
        let printed = Array(out.fileHandleForReading.readDataToEndOfFile())
        let said = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let status = process.terminationStatus
        guard status != 77, status != 127 else {
            print("NOT CHECKED by \(script): \(String(decoding: printed, as: UTF8.self)) \(said)")
            return nil
        }
        guard status == 0 else { throw Failure(description: "\(script) ends with \(status): \(said)") }
        return try JSONValue.parse(printed)
    }
}
