import Exact
import Foundation
import Testing

/// Where recorded cases are: copies that are part of the project, and reference data that may be absent.
enum Recorded {
    /// A file of `Fixtures`.
    static func fixture(_ name: String) throws -> JSONValue {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: nil))
        return try JSONValue.parse([UInt8](Data(contentsOf: url)))
    }

    /// The venue's folder of the reference data, where it is there.
    static let shared: URL? = {
        let root = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? "../shared"
        let folder = URL(filePath: root).appending(path: "venues/zerodha")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The bytes of a file of the reference data.
    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: try #require(shared).appending(path: path)))
    }

    /// A JSON file of the reference data.
    static func json(_ path: String) throws -> JSONValue { try JSONValue.parse(bytes(path)) }
}

extension Trait where Self == ConditionTrait {
    /// Skips where the reference data is not there.
    static var needsReferenceData: Self { .enabled(if: Recorded.shared != nil, "skipped: reference data absent") }
}
